//! An explanation as people read it.

use super::Explanation;
use crate::show::{lines::Lines, style};

impl Explanation {
    pub(super) fn text(&self) -> String {
        let mut lines = Lines::default();
        lines.add("request", style::BOLD, &format!("{} {}", self.method, self.url));
        lines.add("route", style::PLAIN, self.route.as_deref().unwrap_or("none"));
        if self.route.is_some() {
            lines.add(
                "effect",
                style::PLAIN,
                self.effect.map_or("unknown by its name", |effect| effect.as_str()),
            );
        }
        if let Some(during) = &self.during {
            lines.add("during", style::PLAIN, during);
        }
        if let Some(rule) = &self.rule {
            lines.add("verdict", style::GOOD, &format!("allowed: {rule}"));
        }
        if let Some(leaves) = &self.leaves {
            lines.add("leaves", style::PLAIN, &format!("{} {}", leaves.method, leaves.url));
            for (at, (name, value)) in leaves.credential.iter().enumerate() {
                let label = if at == 0 { "adds" } else { "" };
                lines.add(label, style::KEY, &format!("{name}: {value}"));
            }
            lines.add("drops", style::PLAIN, "every header of the plugin's");
        }
        if let Some(failure) = &self.refusal {
            lines.add("verdict", style::BAD, "refused: it does not leave, and no credential is touched");
            lines.add("why", style::PLAIN, failure.message.trim_start_matches("denied: "));
            if let Some(hint) = &failure.hint {
                lines.add("next", style::PLAIN, hint);
            }
        }
        if let Some(recorded) = &self.recorded {
            lines.add("then", style::PLAIN, recorded);
        }
        lines.into_text()
    }
}
