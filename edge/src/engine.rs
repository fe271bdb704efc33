//! The one task that owns the state machine: feeds it what sockets receive and carries out what it wants.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::core::{Core, Effect};
use crate::digest::random;
use crate::push::Push;
use crate::registrar::Connection;
use crate::trace::{Trace, epoch_ms};

/// What happens outside.
pub enum Event {
    /// A WebSocket opened; its messages go to the sender.
    Connected { connection: Connection, address: String, sender: mpsc::UnboundedSender<Vec<u8>> },
    /// A WebSocket message.
    Received { connection: Connection, octets: Vec<u8> },
    /// A WebSocket is gone.
    Lost { connection: Connection },
    /// The push service answered.
    Pushed { push: Push, status: Option<u16> },
    /// Close all sockets and end.
    Stop,
}

/// Runs until told to stop.
pub async fn run(
    mut core: Core,
    mut events: mpsc::UnboundedReceiver<Event>,
    own: mpsc::UnboundedSender<Event>,
    push_url: String,
    trace: Arc<Trace>,
) {
    let mut senders: HashMap<Connection, mpsc::UnboundedSender<Vec<u8>>> = HashMap::new();
    loop {
        let next = core.next_timeout().unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        tokio::select! {
            event = events.recv() => match event {
                None | Some(Event::Stop) => return,
                Some(Event::Connected { connection, address, sender }) => {
                    senders.insert(connection, sender);
                    core.connected(connection, address);
                }
                Some(Event::Received { connection, octets }) => {
                    let keep_alive = octets.iter().all(|octet| matches!(octet, b'\r' | b'\n'));
                    if !keep_alive {
                        let text = String::from_utf8_lossy(&octets).into_owned();
                        trace.add("in", name(connection), core.user_of(connection), text);
                    }
                    if !core.received(Instant::now(), connection, &octets) {
                        eprintln!("{}: a message that is not SIP was dropped", name(connection));
                    }
                }
                Some(Event::Lost { connection }) => {
                    senders.remove(&connection);
                    core.lost(Instant::now(), connection);
                }
                Some(Event::Pushed { push, status }) => {
                    let accepted = status.is_some_and(|status| (200..300).contains(&status));
                    core.pushed(Instant::now(), &push, accepted, status == Some(410));
                }
            },
            () = tokio::time::sleep_until(next.into()) => core.timeout(Instant::now()),
        }
        for effect in core.take_effects() {
            match effect {
                Effect::Send { connection, octets } => {
                    if octets.len() > 4 {
                        let text = String::from_utf8_lossy(&octets).into_owned();
                        trace.add("out", name(connection), core.user_of(connection), text);
                    }
                    if let Some(sender) = senders.get(&connection) {
                        // A socket that is just closing reports its end itself.
                        let _ = sender.send(octets);
                    }
                }
                Effect::Push(push) => {
                    let text = push.payload(epoch_ms()).to_string();
                    trace.add("push", push.device.clone(), Some(push.user.clone()), text);
                    let (own, url) = (own.clone(), push_url.clone());
                    tokio::spawn(async move {
                        let limit = Duration::from_secs(5);
                        let status = tokio::time::timeout(limit, post(&url, &push)).await.ok().flatten();
                        if status.is_none_or(|status| status >= 300) {
                            eprintln!("push for {} refused or not sent: {status:?}", push.user);
                        }
                        let _ = own.send(Event::Pushed { push, status });
                    });
                }
            }
        }
    }
}

/// How the trace calls a socket.
fn name(connection: Connection) -> String {
    format!("ws-{connection}")
}

/// Posts a push as to APNs; the status of the answer, or None if there was none.
async fn post(base: &str, push: &Push) -> Option<u16> {
    let uri: Uri = format!("{base}/3/device/{}", push.target.token).parse().ok()?;
    let (host, port) = (uri.host()?.to_string(), uri.port_u16().unwrap_or(80));
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let now = epoch_ms();
    let request = Request::post(uri.path_and_query()?.as_str())
        .header("host", format!("{host}:{port}"))
        .header("content-type", "application/json")
        .header("apns-topic", &push.target.topic)
        .header("apns-push-type", push.push_type())
        .header("apns-priority", "10")
        .header("apns-expiration", (now / 1000 + push.ttl).to_string())
        .header("apns-id", random(16))
        .body(Full::new(Bytes::from(push.payload(now).to_string())))
        .ok()?;
    let response = sender.send_request(request).await.ok()?;
    Some(response.status().as_u16())
}
