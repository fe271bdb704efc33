//! The development server of sipwake: a SIP registrar and proxy over WebSocket with digest, INVITEs that wait for a
//! sleeping phone, and a simulated push service. For demos and tests on one machine; not for the Internet.
//!
//! `core` decides (registrar and proxy as a state machine, with `registrar`, `relay`, `digest`, `push`, `message` under
//! it), `engine` carries out, `web` is the HTTP origin, `apns` the push service, `trace` the feed of messages.

mod apns;
mod core;
mod digest;
mod engine;
mod message;
mod options;
mod push;
mod registrar;
mod relay;
mod trace;
mod web;

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::core::Core;
use crate::engine::Event;
use crate::options::{HELP, Options};
use crate::web::Shared;

fn main() -> ExitCode {
    let options = match Options::read() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("sipwake-edge: {error}; --help lists the options");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sipwake-edge: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sipwake-edge: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> std::io::Result<()> {
    let options = Arc::new(options);
    let listener = TcpListener::bind((options.host.trim_matches(['[', ']']), options.port)).await?;
    let address = listener.local_addr()?;
    let http = format!("http://{address}");
    let (events, receiver) = mpsc::unbounded_channel();
    let (stop, stopping) = watch::channel(false);
    let trace = Arc::new(trace::Trace::new());
    let apns = Arc::new(apns::Apns::default());
    let push_url = options.push_url.clone().unwrap_or_else(|| http.clone());
    let core = Core::new(options.clone(), address.to_string());
    let engine = tokio::spawn(engine::run(core, receiver, events.clone(), push_url.clone(), trace.clone()));
    let shared = Shared {
        options: options.clone(),
        events: events.clone(),
        apns: apns.clone(),
        trace,
        stopping,
        counter: Arc::new(AtomicU64::new(1)),
    };
    let service = web::router(shared).into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, service).await });
    announce(&options, address, &push_url)?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        ended = server => return ended.unwrap_or(Ok(())),
    }
    // Sockets get a close frame, listeners an end; nobody is waited for longer than a moment.
    let _ = stop.send(true);
    apns.close();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let _ = events.send(Event::Stop);
    let _ = tokio::time::timeout(Duration::from_secs(1), engine).await;
    Ok(())
}

/// Says where everything is.
fn announce(options: &Options, address: SocketAddr, push_url: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let http = format!("http://{address}");
    if options.json {
        let users: Vec<_> =
            options.users.iter().map(|user| json!({ "name": user.name, "password": user.password })).collect();
        let line = json!({
            "event": "listening", "pid": std::process::id(), "port": address.port(), "http": http,
            "ws": format!("ws://{address}/ws"), "domain": options.domain, "realm": options.realm, "users": users,
            "push": { "url": push_url, "listen": format!("{http}/push/listen"), "log": format!("{http}/push/log") },
            "trace": format!("{http}/trace"),
        });
        writeln!(out, "{line}")?;
    } else {
        writeln!(out, "page      {http}/")?;
        writeln!(out, "SIP       ws://{address}/ws, domain {}", options.domain)?;
        for user in &options.users {
            writeln!(out, "user      {} password {}", user.name, user.password)?;
        }
        writeln!(out, "push      {push_url}/3/device/TOKEN")?;
        writeln!(out, "trace     {http}/trace")?;
    }
    out.flush()
}
