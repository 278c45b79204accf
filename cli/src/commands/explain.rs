//! `explain`: what the gate makes of a request, and why.

mod text;

use std::path::Path;

use actionbox_host::{
    Actor, Effect, Error, Exchange, ExchangeOutcome, Grant, Reach, Refusal, Route, Sent, Upstream,
};
use http::{Method, Uri};
use serde::Serialize;

use crate::{
    args::{self, Auth},
    connect::NoCredentials,
    during::During,
    failure::{Asked, Exit, Failure, Place, meant},
    recording, show,
};

pub(super) fn run(options: &args::Explain, json: bool) -> Result<Exit, Failure> {
    let explanations = match (&options.recorded, &options.method, &options.url) {
        (Some(file), ..) => of_recording(options, file)?,
        (None, Some(method), Some(url)) => vec![Explanation::of(options, method, url)?],
        _ => return Err(Failure::new(Exit::Usage, "usage", Actor::Caller, "there is no request to explain")),
    };
    match (json, explanations.as_slice()) {
        (true, [one]) if options.recorded.is_none() => show::json(one)?,
        (true, all) => show::json(&all)?,
        (false, []) => show::print("  nothing is recorded\n")?,
        (false, all) => {
            let texts: Vec<_> = all.iter().map(Explanation::text).collect();
            show::print(&texts.join("\n"))?;
        }
    }
    let refused = explanations.iter().find_map(|explanation| explanation.refusal.as_ref());
    Ok(refused.map_or(Exit::Done, |failure| failure.exit))
}

/// What the gate makes of one request. Serialises to what `--json` prints.
#[derive(Serialize)]
struct Explanation {
    method: String,
    url: String,
    /// The route that it is, when it is one.
    route: Option<String>,
    effect: Option<Effect>,
    /// The call that makes it.
    during: Option<String>,
    /// The rule that allows it.
    rule: Option<String>,
    /// Why it is refused, and what to do about it.
    refusal: Option<Failure>,
    /// The request that leaves in its place.
    leaves: Option<Leaving>,
    /// What became of it when it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<String>,
}

/// What leaves: never the plugin's request.
#[derive(Serialize)]
struct Leaving {
    method: String,
    url: String,
    /// The headers that carry the credential, and what is in them.
    credential: Vec<(&'static str, String)>,
}

/// Explains every request of a recording.
fn of_recording(options: &args::Explain, file: &Path) -> Result<Vec<Explanation>, Failure> {
    let exchanges = recording::read(file)?.exchanges();
    exchanges
        .iter()
        .map(|exchange| {
            let explained = Explanation::of(options, &exchange.method, &exchange.url)?;
            Ok(Explanation { recorded: Some(became(exchange)), ..explained })
        })
        .collect()
}

fn became(exchange: &Exchange) -> String {
    match &exchange.outcome {
        ExchangeOutcome::Answered { status, .. } => format!("answered with status {status}"),
        ExchangeOutcome::Unconnected(reason) => format!("no connection: {reason}"),
        ExchangeOutcome::Unsecured(reason) => format!("no secure connection: {reason}"),
        ExchangeOutcome::TimedOut => "no answer in time".to_owned(),
        ExchangeOutcome::Broken(reason) => format!("the connection broke: {reason}"),
        ExchangeOutcome::Stopped(reason) => reason.clone(),
        _ => "unknown".to_owned(),
    }
}

impl Explanation {
    /// Takes the gate's own decisions, one by one.
    fn of(options: &args::Explain, method: &str, url: &str) -> Result<Self, Failure> {
        let upstream = options.base_url.clone().unwrap_or_else(Upstream::refold);
        let mut explained = Self {
            method: method.to_owned(),
            url: url.to_owned(),
            route: None,
            effect: None,
            during: None,
            rule: None,
            refusal: None,
            leaves: None,
            recorded: None,
        };
        let (parsed, uri) = match parse(method, url) {
            Ok(parsed) => parsed,
            Err(failure) => {
                explained.refusal = Some(failure);
                return Ok(explained);
            }
        };
        let route = match Route::parse(upstream.authority(), &parsed, &uri) {
            Ok(route) => route,
            Err(reason) => {
                let hint = meant::hint(upstream.authority(), &parsed, &uri);
                explained.refusal = Some(refused(options, None, reason.into()).hint(hint));
                return Ok(explained);
            }
        };
        let during = options.during.clone().unwrap_or_else(|| During::of(&route));
        explained.route = Some(route.to_string());
        explained.effect = match &route {
            Route::Execute { action, .. } => Effect::of_name(action),
            _ => Some(Effect::Read),
        };
        explained.during = Some(during.to_string());
        let grant = grant(options, &during, &upstream)?;
        let decided = during.reach(&grant).and_then(|reach| grant.check_route(&route, reach));
        match decided {
            Ok(allowed) => {
                explained.effect = Some(allowed.effect);
                explained.rule = Some(allowed.rule.to_string());
                explained.leaves = Some(Leaving {
                    method: route.method().to_string(),
                    url: format!("{}{}", upstream.base_url(), route.path()),
                    credential: credential(options),
                });
            }
            Err(refusal) => explained.refusal = Some(refused(options, Some(&during), refusal)),
        }
        Ok(explained)
    }
}

fn parse(method: &str, url: &str) -> Result<(Method, Uri), Failure> {
    let unusable = |what: &str, reason: String| {
        let message = format!("{what}: no plugin can make such a request");
        Failure::new(Exit::Usage, "usage", Actor::Caller, message).because(reason)
    };
    let method = method.parse().map_err(|error: http::method::InvalidMethod| {
        unusable(&format!("{method:?} is no method"), error.to_string())
    })?;
    let uri = url
        .parse()
        .map_err(|error: http::uri::InvalidUri| unusable(&format!("{url:?} is no URL"), error.to_string()))?;
    Ok((method, uri))
}

/// Grants what the options say, to a call. There is no credential: nothing is sent.
fn grant(options: &args::Explain, during: &During, upstream: &Upstream) -> Result<Grant, Failure> {
    let grant = Grant::builder("explain").upstream(upstream.clone(), NoCredentials);
    Ok(options.allow.of_app(during.app().as_str(), grant).build()?)
}

fn refused(options: &args::Explain, during: Option<&During>, refusal: Refusal) -> Failure {
    let asked = Asked {
        app: during.map_or("APP", |during| during.app().as_str()).to_owned(),
        action: during.and_then(During::action).map(|action| action.as_str().to_owned()),
        account: account(options).to_owned(),
        base_url: String::new(),
        place: Place::Shell { options: String::new() },
        sandbox: false,
        changes: false,
    };
    Failure::of_call(Error::Denied { refusal, sent: Sent::No }, &asked)
}

fn account(options: &args::Explain) -> &str {
    options.account.as_deref().unwrap_or("the linked account's id")
}

fn credential(options: &args::Explain) -> Vec<(&'static str, String)> {
    match options.auth {
        Auth::ApiKey => {
            vec![("x-api-key", "the API key".to_owned()), ("linked_account_id", account(options).to_owned())]
        }
        Auth::SessionToken => {
            vec![("authorization", format!("Bearer, with a session token of {}", account(options)))]
        }
    }
}

impl During {
    /// Returns how far the requests of the call reach.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the grant does not allow the call itself.
    fn reach(&self, grant: &Grant) -> Result<Reach, Refusal> {
        match self.action() {
            Some(action) => grant.check_execute(self.app(), action).map(Reach::Execute),
            None => grant.check_discover(self.app()).map(|()| Reach::Discover),
        }
    }
}
