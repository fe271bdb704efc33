//! The whole engine on a virtual wire and a virtual clock: no socket, no browser, no waiting.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod accounts;
mod amended;
mod auth;
mod auth_questions;
mod bad_input;
mod call_ui;
mod calls;
mod cancel;
mod directions;
mod dtmf;
mod far;
mod far_lives;
mod forks;
mod gate;
mod gone;
mod headers;
mod hooks;
mod hostile;
mod hostile_usages;
mod identity;
mod incoming_model;
/// The machine of the host as WebAssembly, in every order of a few events.
#[cfg(target_arch = "wasm32")]
#[path = "../host/interleavings.rs"]
mod interleavings;
mod invite_model;
mod leak;
mod leftovers;
mod merged;
mod messaging;
mod model;
mod offer_answer;
mod outcomes;
mod overtaken;
#[cfg(target_arch = "wasm32")]
#[allow(dead_code, reason = "the other tests of the host are native")]
#[path = "../host/phone.rs"]
mod phone;
mod prepared;
mod progress;
mod publication;
mod push;
mod push_sleep;
mod redirect;
mod refer_far;
mod refusals;
mod registration;
mod registration_answers;
mod registration_flows;
mod reliable;
mod replaces;
mod restore;
mod restore_host;
mod rules;
mod samples;
mod scenario;
mod scenarios;
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
mod timers;
mod told;
#[cfg(not(target_arch = "wasm32"))]
mod torture;
#[cfg(not(target_arch = "wasm32"))]
mod torture_ipv6;
mod trace;
mod transfer;
mod trickle;
mod video;
mod wake;
mod world;
