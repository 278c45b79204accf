//! Bounds on the parts of a request that a guest builds, before the gate sees it.
//!
//! What a guest sets stays in the host's memory as long as its handle lives, and a guest may hold many
//! handles to requests that it never sends. wasmtime bounds headers and paths; methods and authorities it
//! takes at any length.

use wasmtime::{
    StoreContextMut,
    component::{Linker, Resource},
};
use wasmtime_wasi_http::{
    WasiHttpView,
    p2::bindings::http::types::{HostOutgoingRequest, Method, OutgoingRequest},
};

use crate::call::CallState;

/// The instance whose functions are bounded; its version is that of `wit/deps`.
const HTTP_TYPES: &str = "wasi:http/types@0.2.12";
/// Longer than any method that is registered.
const METHOD_BYTES: usize = 64;
/// Longer than any name that resolves (RFC 1035, section 2.3.4), with user-info to be refused.
const AUTHORITY_BYTES: usize = 512;

/// Puts the bounds in front of functions that are in the linker already.
pub(crate) fn bound(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(HTTP_TYPES)?;
    types.func_wrap("[method]outgoing-request.set-method", set_method)?;
    types.func_wrap("[method]outgoing-request.set-authority", set_authority)?;
    linker.allow_shadowing(false);
    Ok(())
}

type Set = (Result<(), ()>,);

fn set_method(
    mut store: StoreContextMut<'_, CallState>,
    (request, method): (Resource<OutgoingRequest>, Method),
) -> wasmtime::Result<Set> {
    match &method {
        Method::Other(name) if name.len() > METHOD_BYTES => Ok((Err(()),)),
        _ => Ok((HostOutgoingRequest::set_method(&mut store.data_mut().http(), request, method)?,)),
    }
}

fn set_authority(
    mut store: StoreContextMut<'_, CallState>,
    (request, authority): (Resource<OutgoingRequest>, Option<String>),
) -> wasmtime::Result<Set> {
    match &authority {
        Some(name) if name.len() > AUTHORITY_BYTES => Ok((Err(()),)),
        _ => Ok((HostOutgoingRequest::set_authority(&mut store.data_mut().http(), request, authority)?,)),
    }
}
