//! Which tools there are, kept for a while: an agent asks for them again and again, and each answer would be a call of
//! the plugin and the upstream for each action.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actionbox_host::{Action, ActionId};
use rmcp::model::{JsonObject, Tool};
use tokio::{
    sync::{Mutex as Turn, Semaphore},
    task::JoinSet,
};

use crate::{
    name,
    source::{Granted, Refused, Source},
    text,
    tool::{self, Offered},
};

/// How many tools are told at once.
const PAGE: usize = 100;
/// How many actions of one app are tools.
const ACTIONS: usize = 2000;
/// How long what a plugin has told is taken to be so.
const FRESH: Duration = Duration::from_secs(300);
/// How many calls of plugins one answer makes at the same time.
const AT_ONCE: usize = 8;
/// How much memory what is kept may take, of all and of one app, in bytes, more or less.
const ALL: usize = 64 << 20;
const ONE: usize = 8 << 20;

/// What plugins have told of their actions, for all clients that share it.
#[derive(Default)]
pub struct Catalogue {
    /// By the version of what is granted.
    kept: Mutex<HashMap<Arc<str>, Kept>>,
}

struct Kept {
    told: Arc<Turn<Told>>,
    weight: usize,
    used: Instant,
}

/// What one plugin has told of one app. Whoever asks while it is being told waits, and does not ask again.
#[derive(Default)]
struct Told {
    since: Option<Instant>,
    offered: Arc<Vec<Offered>>,
    left_out: usize,
    schemas: HashMap<ActionId, Arc<JsonObject>>,
    weight: usize,
}

/// Some of the tools, in the order of their names.
pub(crate) struct Page {
    pub(crate) tools: Vec<Tool>,
    /// The last name on this page, when there are more.
    pub(crate) next: Option<String>,
    /// What is not there, and why.
    pub(crate) notes: Vec<String>,
}

impl Catalogue {
    /// Returns the tools whose names come after one.
    ///
    /// # Errors
    ///
    /// [`Refused`] when no app has told its actions.
    pub(crate) async fn page<S: Source>(
        self: &Arc<Self>,
        source: &S,
        after: Option<&str>,
    ) -> Result<Page, Refused> {
        let (mut all, mut notes, mut refused) = (Vec::new(), Vec::new(), None);
        let granted: Vec<_> = source.granted().into_iter().map(Arc::new).collect();
        let listings = each(granted, |of| {
            let (source, catalogue) = (source.clone(), self.clone());
            async move { (catalogue.offered(&source, &of).await, of) }
        });
        for (listing, of) in listings.await {
            match listing {
                Ok((offered, left_out)) => {
                    if left_out > 0 {
                        notes.push(format!(
                            "{}: {left_out} more actions are no tools: they are too many",
                            of.app
                        ));
                    }
                    all.extend((0..offered.len()).map(|at| (of.clone(), offered.clone(), at)));
                }
                Err(error) => {
                    tracing::warn!(app = %of.app, code = error.code, "its actions are not known");
                    notes.push(format!(
                        "{}: its actions are not known now: {}",
                        of.app,
                        text::line(&error.message, 300)
                    ));
                    refused = Some(error);
                }
            }
        }
        if let (true, Some(error)) = (all.is_empty(), refused) {
            return Err(error);
        }
        let tool = |entry: &(Arc<Granted>, Arc<Vec<Offered>>, usize)| entry.1[entry.2].tool.clone();
        all.sort_by_key(tool);
        // No two have one name, unless somebody has found a way: then it leads to neither.
        let mut seen = HashMap::new();
        for entry in &all {
            *seen.entry(tool(entry)).or_insert(0) += 1;
        }
        all.retain(|entry| {
            seen.get(&tool(entry)) == Some(&1) && after.is_none_or(|after| *tool(entry) > *after)
        });
        let more = all.len() > PAGE;
        all.truncate(PAGE);
        let next = all.last().filter(|_| more).map(tool);
        let tools = each(all, |(of, offered, at)| {
            let (source, catalogue) = (source.clone(), self.clone());
            async move {
                let offered = &offered[at];
                let schema = catalogue.schema(&source, &of, &offered.id).await;
                offered.tool(&of.app, schema)
            }
        });
        Ok(Page { tools: tools.await, next, notes })
    }

    /// Returns which action of an app has a name with a digest.
    ///
    /// # Errors
    ///
    /// [`Refused`] when the actions are not known.
    pub(crate) async fn find<S: Source>(
        &self,
        source: &S,
        of: &Granted,
        name: &str,
    ) -> Result<Option<ActionId>, Refused> {
        let (offered, _) = self.offered(source, of).await?;
        Ok(offered.iter().find(|offered| offered.tool == name).map(|offered| offered.id.clone()))
    }

    /// Returns the actions of an app that its grant admits, and how many there are beyond what is told.
    async fn offered<S: Source>(
        &self,
        source: &S,
        of: &Granted,
    ) -> Result<(Arc<Vec<Offered>>, usize), Refused> {
        let turn = self.of(&of.version);
        let mut told = turn.lock().await;
        if told.since.is_none_or(|since| since.elapsed() >= FRESH) {
            let (offered, left_out) = admitted(of, &source.actions(of).await?);
            let weight = offered.iter().map(Offered::weight).sum();
            *told = Told {
                since: Some(Instant::now()),
                offered: Arc::new(offered),
                left_out,
                schemas: HashMap::new(),
                weight,
            };
            self.weigh(&of.version, weight);
        }
        Ok((told.offered.clone(), told.left_out))
    }

    /// Returns the schema of an action's parameters; nothing when they are not known.
    async fn schema<S: Source>(&self, source: &S, of: &Granted, id: &ActionId) -> Option<Arc<JsonObject>> {
        let turn = self.of(&of.version);
        if let Some(schema) = turn.lock().await.schemas.get(id) {
            return Some(schema.clone());
        }
        let parameters = match source.parameters(of, id).await {
            Ok(parameters) => parameters,
            Err(error) => {
                tracing::warn!(app = %of.app, action = %id, code = error.code, "its parameters are not known");
                return None;
            }
        };
        let schema = Arc::new(tool::schema(&parameters));
        let mut told = turn.lock().await;
        let weight = told.weight + id.as_str().len() + weight(&schema);
        if weight <= ONE {
            told.schemas.insert(id.clone(), schema.clone());
            told.weight = weight;
            self.weigh(&of.version, weight);
        }
        Some(schema)
    }

    /// Returns what is kept of a version, or the place for it.
    fn of(&self, version: &Arc<str>) -> Arc<Turn<Told>> {
        let mut kept = self.lock();
        let of = kept.entry(version.clone()).or_insert_with(|| Kept {
            told: Arc::default(),
            weight: 0,
            used: Instant::now(),
        });
        of.used = Instant::now();
        of.told.clone()
    }

    /// Notes how much memory a version takes, and forgets what was not used for the longest time, if it is too much.
    fn weigh(&self, version: &Arc<str>, weight: usize) {
        let mut kept = self.lock();
        if let Some(of) = kept.get_mut(version) {
            of.weight = weight;
        }
        kept.retain(|other, of| other == version || of.used.elapsed() < FRESH);
        while kept.values().map(|of| of.weight).sum::<usize>() > ALL {
            let others = kept.iter().filter(|(other, _)| *other != version);
            let Some(oldest) = others.min_by_key(|(_, of)| of.used).map(|(other, _)| other.clone()) else {
                break;
            };
            kept.remove(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Kept>> {
        // Nothing is half changed by a panic: at worst something is asked for again.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what a grant admits of a plugin's actions, each once, and how many there are beyond the bound.
fn admitted(of: &Granted, actions: &[Action]) -> (Vec<Offered>, usize) {
    let (mut offered, mut seen, mut left_out) = (Vec::new(), HashSet::new(), 0);
    for action in actions {
        let Ok(id) = ActionId::parse(&action.id) else { continue };
        let Ok(effect) = of.grant.check_execute(&of.app, &id) else { continue };
        if offered.len() == ACTIONS {
            left_out += 1;
        } else if seen.insert(id.clone()) {
            offered.push(Offered::new(&of.app, id, effect, action));
        }
    }
    debug_assert!(offered.iter().all(|offered| name::is_one(&offered.tool)));
    (offered, left_out)
}

/// How much memory a schema takes, more or less: it is bounded in number and length, so that its text is a measure.
fn weight(schema: &JsonObject) -> usize {
    schema.get("properties").map_or(0, |properties| 4 * properties.to_string().len())
}

/// Does something with each of some, a few at the same time, and returns what came of it in the same order. What is
/// begun ends when this is dropped.
async fn each<T, U, F>(all: Vec<T>, make: impl Fn(T) -> F) -> Vec<U>
where
    U: Send + 'static,
    F: Future<Output = U> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (at, one) in all.into_iter().enumerate() {
        let (room, future) = (room.clone(), make(one));
        tasks.spawn(async move {
            // Fails only when it is closed, which nobody does.
            let _place = room.acquire_owned().await;
            (at, future.await)
        });
    }
    let mut done = Vec::new();
    while let Some(one) = tasks.join_next().await {
        match one {
            Ok(one) => done.push(one),
            Err(error) => tracing::error!(%error, "a part of the tools is lost"),
        }
    }
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, one)| one).collect()
}
