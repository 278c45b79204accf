//! The data an account starts with: believable, and different in every account.

use serde_json::{Value, json};

use crate::apps;
use crate::clock::Timestamp;
use crate::store::Store;

/// When the data was created: 2025-03-03T10:00:00.000Z, in milliseconds.
const CREATED: u64 = 1_740_996_000_000;
const DAY: u64 = 24 * 60 * 60 * 1000;

const PEOPLE: [(&str, &str, &str); 10] = [
    ("Amara", "Okafor", "Head of Operations"),
    ("Jonas", "Lindqvist", "Buyer"),
    ("Mei", "Tanaka", "Chief Technology Officer"),
    ("Lucía", "Ferreira", "Account Executive"),
    ("Noah", "O'Brien", "Support Lead"),
    ("Priya", "Raman", "Data Analyst"),
    ("Elif", "Demir", "Product Manager"),
    ("Tomasz", "Nowak", "Procurement"),
    ("Grace", "Mbeki", "Finance Director"),
    ("Henri", "Dubois", "Founder"),
];

const COMPANIES: [(&str, &str); 5] = [
    ("Northwind Logistics", "Transportation"),
    ("Bluefin Analytics", "Technology"),
    ("Harbour & Sons", "Retail"),
    ("Cedar Health", "Healthcare"),
    ("Orbital Foods", "Food & Beverage"),
];

/// The domain of every seeded e-mail address of an account, so that a record found in the wrong place
/// tells whose it is.
pub(crate) fn domain(account: &str) -> String {
    let label: String = account
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    format!("{label}.example")
}

/// Makes the store of the `index`th account, with ids that no other account has.
pub(crate) fn store(account: &str, index: usize) -> Store {
    let mut store = Store::new(51 + 1000 * u64::try_from(index).unwrap_or_default());
    let domain = domain(account);
    let first = 3 * index;
    let people: Vec<_> = PEOPLE.iter().cycle().skip(first % PEOPLE.len()).take(3).collect();
    let (company, industry) = COMPANIES[index % COMPANIES.len()];
    let day = |number: u64| Timestamp::from_millis(CREATED + number * DAY);

    for (number, (first, last, title)) in (0..).zip(&people) {
        let contact = json!({ "email": address(first, &domain), "firstname": first, "lastname": last,
                              "company": company, "jobtitle": title });
        apps::add_hubspot(&mut store, "contacts", fields(contact), day(number));
    }
    let web = json!({ "name": company, "domain": domain, "industry": industry });
    apps::add_hubspot(&mut store, "companies", fields(web), day(0));
    let deal =
        json!({ "dealname": format!("{company} renewal"), "amount": "12000", "dealstage": "contractsent" });
    apps::add_hubspot(&mut store, "deals", fields(deal), day(3));

    let website = format!("https://{domain}");
    let account = json!({ "Name": company, "Industry": industry, "Website": website });
    apps::add_salesforce(&mut store, "Account", fields(account), day(0));
    let (first, last, _) = people[0];
    let contact = json!({ "FirstName": first, "LastName": last, "Email": address(first, &domain) });
    apps::add_salesforce(&mut store, "Contact", fields(contact), day(1));

    apps::add_slack_channel(&mut store, "general", true, day(0));
    apps::add_slack_channel(&mut store, "random", true, day(0));
    apps::add_slack_channel(&mut store, "board", false, day(0));
    for (first, last, _) in &people {
        apps::add_slack_user(&mut store, &format!("{first} {last}"), &address(first, &domain), day(0));
    }
    store
}

fn address(first_name: &str, domain: &str) -> String {
    let name: String = first_name.to_lowercase().replace('í', "i");
    format!("{name}@{domain}")
}

fn fields(value: Value) -> serde_json::Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { serde_json::Map::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_accounts_share_an_id_or_an_address() {
        let (one, two) = (store("a", 0), store("b@c.example", 1));
        for (app, kind) in [("hubspot", "contacts"), ("salesforce", "accounts"), ("slack", "users")] {
            for record in one.all(app, kind) {
                assert!(two.get(app, kind, &record.id).is_none(), "{}", record.id);
            }
        }
        let theirs = two.all("hubspot", "contacts")[0].text("email").unwrap();
        assert!(theirs.ends_with("@b-c-example.example"), "{theirs}");
    }
}
