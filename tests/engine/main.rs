//! The whole engine on a virtual wire and a virtual clock: no socket, no browser, no waiting.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod accounts;
mod amended;
mod auth;
mod auth_questions;
mod calls;
mod cancel;
mod dtmf;
mod far;
mod forks;
mod gate;
mod gone;
mod headers;
mod hooks;
mod hostile;
mod hostile_usages;
mod identity;
mod incoming_model;
mod invite_model;
mod leftovers;
mod merged;
mod messaging;
mod model;
mod outcomes;
mod overtaken;
mod progress;
mod publication;
mod redirect;
mod refer_far;
mod refusals;
mod registration;
mod registration_answers;
mod registration_flows;
mod reliable;
mod replaces;
mod rules;
mod server;
mod session;
mod session_early;
mod session_far;
mod session_flow;
mod session_model;
mod session_timer;
mod shell;
mod state;
mod stopping;
mod subscription_far;
mod subscriptions;
#[cfg(not(target_arch = "wasm32"))]
mod torture;
#[cfg(not(target_arch = "wasm32"))]
mod torture_ipv6;
mod trace;
mod transfer;
mod wake;
mod world;
