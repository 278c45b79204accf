//! The invariants, each attacked by a hostile plugin, a hostile upstream, or both.
//!
//! One file each, in the order in which `ARCHITECTURE.md` states them. What they look at is what happened,
//! not what was said: the bytes that the upstream received, what the guest got, and the audit. Attacks that
//! are tables are in the suite `hostile`, hence on the scoreboard.

mod i01_secrets_stay_out_of_guest_memory;
mod i02_any_request_at_all;
mod i02_requests_are_never_forwarded;
mod i03_routes_need_a_grant;
mod i04_the_tenant_is_the_grants;
mod i05_credentials_go_to_one_upstream;
mod i06_answers_are_screened;
mod i06_leaks_end_in_quarantine;
mod i07_everything_has_a_bound;
mod i07_fuel_is_bounded;
mod i08_kept_instances_stay_with_their_grant;
mod i08_nothing_survives_a_call;
mod i09_writes_are_never_sent_twice;
mod i10_secrets_reach_no_log;
mod i11_everything_leaves_an_audit_event;
mod i12_foreign_imports_are_refused;
