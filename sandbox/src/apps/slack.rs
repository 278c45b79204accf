//! `slack`: channels, users and messages.

use serde_json::{Map, Value, json};

use super::raw::RawCall;
use super::{Outcome, Parameters, Run, not_implemented};
use crate::clock::Timestamp;
use crate::store::{Record, Store};

const APP: &str = "slack";

pub(super) fn run(run: Run<'_>) -> Result<Outcome, Outcome> {
    if run.action.id == "httprequest" {
        return raw(run);
    }
    call(run.action.id, run.parameters, run.store, run.now)
}

/// A record as Slack shows one: its fields are the whole of it.
pub(super) fn show(record: &Record) -> Value {
    Value::Object(record.fields.clone())
}

/// Adds a channel, which the app's bot is a member of or not.
pub(crate) fn add_channel(store: &mut Store, name: &str, is_member: bool, now: Timestamp) {
    let id = format!("C0{:08}", store.next_number());
    let fields = json!({ "id": id, "name": name, "is_channel": true, "is_member": is_member });
    insert(store, "channels", id, fields, now);
}

pub(crate) fn add_user(store: &mut Store, name: &str, email: &str, now: Timestamp) {
    let id = format!("U0{:08}", store.next_number());
    let fields = json!({ "id": id, "real_name": name, "profile": { "email": email }, "is_bot": false });
    insert(store, "users", id, fields, now);
}

fn insert(store: &mut Store, kind: &'static str, id: String, fields: Value, now: Timestamp) {
    let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
    store.insert(APP, kind, id, fields, now);
}

fn call(
    action: &str,
    parameters: &Parameters,
    store: &mut Store,
    now: Timestamp,
) -> Result<Outcome, Outcome> {
    let text = |name: &str| parameters.text(name).unwrap_or_default();
    match action {
        "post_message" => {
            let channel = member_channel(store, &text("channel"))?;
            post(store, &channel, &text("text"), now)
        }
        "send_message" => {
            let user = user(store, &text("user"))?.id.clone();
            post(store, &user, &text("text"), now)
        }
        "delete_message" => {
            let channel = member_channel(store, &text("channel"))?;
            let ts = text("ts");
            let sent =
                store.get(APP, "messages", &ts).filter(|message| message.text("channel") == Some(&channel));
            sent.ok_or_else(|| refused("message_not_found"))?;
            store.remove(APP, "messages", &ts);
            Ok(accepted(json!({ "channel": channel, "ts": ts })))
        }
        "list_channels" => list(store, "channels", "channels", parameters),
        "list_users" => list(store, "users", "members", parameters),
        "get_user" => Ok(accepted(json!({ "user": show(user(store, &text("user"))?) }))),
        _ => Err(not_implemented()),
    }
}

/// `httprequest`: the methods of Slack's own API that the actions stand for.
fn raw(run: Run<'_>) -> Result<Outcome, Outcome> {
    let call_of = RawCall::new(run.parameters).map_err(|_| refused("invalid_json"))?;
    let (_, path) = call_of.parts();
    let ["api", method] = path.as_slice() else { return Err(refused("unknown_method")) };
    let action = match *method {
        "chat.postMessage" => "post_message",
        "chat.delete" => "delete_message",
        "conversations.list" => "list_channels",
        "users.list" => "list_users",
        "users.info" => "get_user",
        _ => return Err(refused("unknown_method")),
    };
    // Slack takes arguments from the query and from the body alike.
    let mut arguments: Map<String, Value> =
        call_of.query.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    arguments.extend(call_of.body.as_object().cloned().unwrap_or_default());
    call(action, &Parameters::new(arguments), run.store, run.now)
}

fn post(store: &mut Store, channel: &str, text: &str, now: Timestamp) -> Result<Outcome, Outcome> {
    if text.is_empty() {
        return Err(refused("no_text"));
    }
    let ts = format!("{}.{:06}", now.as_secs(), store.next_number());
    let fields = json!({ "type": "message", "channel": channel, "text": text, "ts": ts });
    insert(store, "messages", ts.clone(), fields.clone(), now);
    Ok(accepted(json!({ "channel": channel, "ts": ts, "message": fields })))
}

fn list(store: &Store, kind: &str, name: &str, parameters: &Parameters) -> Result<Outcome, Outcome> {
    let limit = parameters.limit(100, 1000).map_err(|_| refused("invalid_limit"))?;
    let shown: Vec<_> = store.all(APP, kind).iter().take(limit).map(show).collect();
    Ok(accepted(Value::Object(Map::from_iter([(name.to_owned(), shown.into())]))))
}

/// The id of a channel that the bot may post into, given its id or its name.
fn member_channel(store: &Store, wanted: &str) -> Result<String, Outcome> {
    let name = wanted.trim_start_matches('#');
    let channels = store.all(APP, "channels");
    let channel = channels.iter().find(|channel| channel.id == wanted || channel.text("name") == Some(name));
    let channel = channel.ok_or_else(|| refused("channel_not_found"))?;
    if channel.fields.get("is_member") == Some(&Value::Bool(true)) {
        Ok(channel.id.clone())
    } else {
        Err(refused("not_in_channel"))
    }
}

fn user<'a>(store: &'a Store, id: &str) -> Result<&'a Record, Outcome> {
    store.get(APP, "users", id).ok_or_else(|| refused("user_not_found"))
}

fn accepted(mut data: Value) -> Outcome {
    data["ok"] = true.into();
    Outcome::success(200, data)
}

/// An error as Slack answers one: with status 200.
fn refused(error: &str) -> Outcome {
    Outcome::errored(200, json!({ "ok": false, "error": error }))
}
