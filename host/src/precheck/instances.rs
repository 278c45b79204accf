//! How many instances a component makes, counted through all components that it instantiates.
//!
//! A component that instantiates another one twice, which instantiates a third one twice, doubles the work of
//! the compiler with every sixty bytes.

use wasmparser::{
    BinaryReaderError, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, Instance, Payload,
};

/// The components that are open, from the outermost to the innermost.
#[derive(Default)]
pub(super) struct Instances {
    open: Vec<Open>,
    largest: u64,
}

/// A component or a module on the way from its beginning to its end.
#[derive(Default)]
struct Open {
    is_module: bool,
    /// How many instances it makes, all below it included.
    instances: u64,
    /// What each component of its index space makes; unknown when it comes from elsewhere.
    components: Vec<u64>,
}

/// A component that comes from elsewhere might be of any size.
const UNKNOWN: u64 = u64::MAX;

impl Instances {
    /// Takes notice of a part of the component, and returns the most that any component so far makes.
    pub(super) fn see(&mut self, payload: &Payload<'_>) -> Result<u64, BinaryReaderError> {
        match payload {
            Payload::Version { .. } if self.open.is_empty() => self.open.push(Open::default()),
            Payload::ModuleSection { .. } => self.open.push(Open { is_module: true, ..Open::default() }),
            Payload::ComponentSection { .. } => self.open.push(Open::default()),
            Payload::End(_) => self.close(),
            Payload::InstanceSection(instances) => {
                for instance in instances.clone() {
                    if let Instance::Instantiate { .. } = instance? {
                        self.add(1);
                    }
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances.clone() {
                    if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                        self.add(self.component(0, component_index).saturating_add(1));
                    }
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases.clone() {
                    match alias? {
                        ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                            self.define(self.component(count, index));
                        }
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
                            self.define(UNKNOWN);
                        }
                        _ => {}
                    }
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    if let ComponentTypeRef::Component(_) = import?.ty {
                        self.define(UNKNOWN);
                    }
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports.clone() {
                    let export = export?;
                    // An export is a new name, and a new index, of what it exports.
                    if export.kind == ComponentExternalKind::Component {
                        self.define(self.component(0, export.index));
                    }
                }
            }
            _ => {}
        }
        Ok(self.largest)
    }

    fn close(&mut self) {
        let Some(closed) = self.open.pop() else { return };
        if !closed.is_module {
            self.define(closed.instances);
        }
    }

    fn add(&mut self, instances: u64) {
        if let Some(open) = self.open.last_mut() {
            open.instances = open.instances.saturating_add(instances);
            self.largest = self.largest.max(open.instances);
        }
    }

    fn define(&mut self, instances: u64) {
        if let Some(open) = self.open.last_mut() {
            open.components.push(instances);
        }
    }

    /// Returns what a component makes that is known by its index, so many components further out. An index of
    /// nothing makes nothing: the compiler refuses it.
    fn component(&self, outwards: u32, index: u32) -> u64 {
        let at = self.open.len().checked_sub(1 + outwards as usize);
        let open = at.and_then(|at| self.open.get(at));
        open.and_then(|open| open.components.get(index as usize)).copied().unwrap_or(0)
    }
}
