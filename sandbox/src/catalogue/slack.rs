//! The catalogue of `slack`.

use super::{Action, App, HTTP_REQUEST, action, parameter, text};

pub(super) const APP: App = App { slug: "slack", actions: ACTIONS };

const ACTIONS: &[Action] = &[
    HTTP_REQUEST,
    action(
        "post_message",
        "Post Message",
        "Post a message into a channel.",
        &[text("channel", "Channel").required(), parameter("text", "Text", "textarea").required()],
    ),
    action(
        "send_message",
        "Send Direct Message",
        "Send a direct message to a user.",
        &[text("user", "User ID").required(), parameter("text", "Text", "textarea").required()],
    ),
    action(
        "delete_message",
        "Delete Message",
        "Delete a message from a channel.",
        &[text("channel", "Channel").required(), text("ts", "Timestamp").required()],
    ),
    action("list_channels", "List Channels", "List channels.", &[text("limit", "Limit")]),
    action("list_users", "List Users", "List users.", &[text("limit", "Limit")]),
    action("get_user", "Get User", "Get one user by id.", &[text("user", "User ID").required()]),
];
