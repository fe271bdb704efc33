//! The one HTTP origin: static files, the WebSocket, the push service, the trace.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{SinkExt, Stream, StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::apns::Apns;
use crate::engine::Event;
use crate::options::Options;
use crate::trace::Trace;

/// The longest SIP message.
const LONGEST: usize = 64 * 1024;

/// What the handlers share.
#[derive(Clone)]
pub struct Shared {
    pub options: Arc<Options>,
    pub events: mpsc::UnboundedSender<Event>,
    pub apns: Arc<Apns>,
    pub trace: Arc<Trace>,
    pub stopping: watch::Receiver<bool>,
    pub counter: Arc<AtomicU64>,
}

/// The routes.
pub fn router(shared: Shared) -> Router {
    let www = shared.options.www.clone();
    let router = Router::new()
        .route("/ws", get(web_socket))
        .route("/demo.json", get(demo))
        .route("/trace", get(trace))
        .route("/3/device/{token}", post(device))
        .route("/push/listen", get(listen))
        .route("/push/log", get(log))
        .route("/push/kill", post(kill))
        .with_state(shared);
    match www {
        // Development: what is built is what is shown.
        Some(folder) => router.fallback_service(
            tower::ServiceBuilder::new()
                .layer(SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
                .service(ServeDir::new(folder)),
        ),
        None => router,
    }
}

type Parameters = Query<std::collections::HashMap<String, String>>;

fn refuse(status: StatusCode, why: &str) -> Response {
    (status, format!("{why}\n")).into_response()
}

async fn web_socket(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let origins = &shared.options.origins;
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !origins.is_empty() && !origins.iter().any(|allowed| allowed == origin) {
        return refuse(StatusCode::FORBIDDEN, "this Origin is not allowed");
    }
    let upgrade = upgrade.max_message_size(LONGEST).protocols(["sip"]);
    if upgrade.selected_protocol().is_none() {
        return refuse(StatusCode::BAD_REQUEST, "the WebSocket subprotocol sip is required");
    }
    upgrade.on_upgrade(move |socket| serve(shared, socket, peer))
}

async fn serve(mut shared: Shared, socket: WebSocket, peer: SocketAddr) {
    let connection = shared.counter.fetch_add(1, Ordering::Relaxed);
    let (sender, mut outgoing) = mpsc::unbounded_channel::<Vec<u8>>();
    let address = peer.ip().to_string();
    if shared.events.send(Event::Connected { connection, address, sender }).is_err() {
        return;
    }
    let (mut write, mut read) = socket.split();
    let ping = shared.options.ping;
    let every = if ping.is_zero() { Duration::from_secs(3600) } else { ping };
    let mut tick = tokio::time::interval(every);
    tick.reset();
    let mut silent = 0;
    loop {
        let sent = tokio::select! {
            octets = outgoing.recv() => match octets {
                None => break,
                Some(octets) => match String::from_utf8(octets) {
                    Ok(text) => write.send(Message::text(text)).await,
                    Err(binary) => write.send(Message::binary(binary.into_bytes())).await,
                },
            },
            message = read.next() => {
                silent = 0;
                let octets = match message {
                    Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                    Some(Ok(Message::Binary(octets))) => octets.to_vec(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                };
                if shared.events.send(Event::Received { connection, octets }).is_err() {
                    break;
                }
                continue;
            },
            _ = tick.tick() => {
                silent += 1;
                if silent > 2 && !ping.is_zero() {
                    // A frozen phone: its network went without a word.
                    break;
                }
                write.send(Message::Ping(Bytes::new())).await
            },
            _ = shared.stopping.changed() => {
                let close = CloseFrame { code: 1001, reason: "".into() };
                let _ = write.send(Message::Close(Some(close))).await;
                break;
            },
        };
        if sent.is_err() {
            break;
        }
    }
    let _ = shared.events.send(Event::Lost { connection });
}

/// What the demo page needs to know.
async fn demo(State(shared): State<Shared>) -> Json<Value> {
    let users: Vec<Value> =
        shared.options.users.iter().map(|user| json!({ "name": user.name, "password": user.password })).collect();
    Json(json!({ "server": "/ws", "push": "/", "domain": shared.options.domain, "users": users }))
}

fn events<T: Stream<Item = Value> + Send + 'static>(
    shared: &Shared,
    items: T,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>> + use<T>> {
    let mut stopping = shared.stopping.clone();
    let stop = async move {
        let _ = stopping.changed().await;
    };
    let stream = items.take_until(Box::pin(stop)).map(|item| Ok(sse::Event::default().data(item.to_string())));
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(10)))
}

async fn trace(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Parameters,
) -> Response {
    let full = query.get("full").is_some_and(|value| value == "1");
    if full && !peer.ip().is_loopback() {
        return refuse(StatusCode::FORBIDDEN, "the full trace is for this machine only");
    }
    let (kept, receiver) = shared.trace.listen();
    let kept = if query.contains_key("history") { kept } else { Vec::new() };
    let live = stream::unfold(receiver, |mut receiver| async move {
        loop {
            match receiver.recv().await {
                Ok(entry) => return Some((entry, receiver)),
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return None,
            }
        }
    });
    events(&shared, stream::iter(kept).chain(live).map(move |entry| entry.json(full))).into_response()
}

async fn device(State(shared): State<Shared>, Path(token): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Ok(payload) = serde_json::from_slice::<Value>(&body) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "reason": "PayloadEmpty" }))).into_response();
    };
    let names = ["apns-topic", "apns-push-type", "apns-priority", "apns-expiration", "apns-id"];
    let seen: serde_json::Map<String, Value> =
        names.map(|name| (name.to_string(), get(name).into())).into_iter().collect();
    let ttl = get("apns-expiration").and_then(|text| text.parse::<u64>().ok());
    let ttl = ttl.map(|at| Duration::from_millis((at * 1000).saturating_sub(crate::trace::epoch_ms())));
    let (status, reason) = shared.apns.take(&token, Value::Object(seen), payload, ttl);
    match StatusCode::from_u16(status) {
        Ok(StatusCode::OK) => StatusCode::OK.into_response(),
        Ok(status) => (status, Json(json!({ "reason": reason }))).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn listen(State(shared): State<Shared>, Query(query): Parameters) -> Response {
    let Some(token) = query.get("token").filter(|token| !token.is_empty()) else {
        return refuse(StatusCode::BAD_REQUEST, "which token?");
    };
    let receiver = shared.apns.listen(token);
    let live = stream::unfold(receiver, |mut receiver| async move {
        let push = receiver.recv().await?;
        Some((push, receiver))
    });
    let cors = [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (cors, events(&shared, live)).into_response()
}

async fn log(State(shared): State<Shared>, ConnectInfo(peer): ConnectInfo<SocketAddr>) -> Response {
    if !peer.ip().is_loopback() {
        return refuse(StatusCode::FORBIDDEN, "the log is for this machine only");
    }
    Json(shared.apns.log()).into_response()
}

async fn kill(State(shared): State<Shared>, Query(query): Parameters) -> StatusCode {
    match query.get("token") {
        Some(token) => {
            shared.apns.kill(token);
            StatusCode::NO_CONTENT
        }
        None => StatusCode::BAD_REQUEST,
    }
}
