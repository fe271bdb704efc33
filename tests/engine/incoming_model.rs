//! Their INVITE, and anything in any order after it: one final response, one end, nothing left open.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::common::random::{Random, Seeded};
use sipwake::io::{Command, Event, Extra, MediaFailure};
use sipwake::message::{HeaderName, Response};

use crate::far::{Far, header};

const STEPS: u64 = 14;

fn finals(far: &Far) -> Vec<u16> {
    far.statuses("INVITE").into_iter().filter(|status| *status >= 200).collect()
}

fn run(seed: u64) {
    let mut random = Random::new(Seeded(seed));
    let mut far = Far::new();
    let reliable = ["Require: 100rel"];
    let headers = if random.below(2) == 0 { &reliable[..] } else { &[] };
    let invite = if random.below(4) == 0 { far.invite("c1", headers, "") } else { far.invite_sdp("c1", headers, 1) };
    let call = far.only_call().id;
    let mut log = Vec::new();
    let mut cut = false;
    for _ in 0..STEPS {
        let action = random.below(16);
        log.push(action);
        // Before any response that names our tag there is no dialog to speak in.
        let tagged = |response: &Response| header(&response.headers, HeaderName::To).contains(";tag=");
        let named = far
            .responses("INVITE")
            .into_iter()
            .rfind(|response| tagged(response) && response.headers.contacts().next().is_some());
        let mut peer = named.as_ref().map(|response| far.peer_of_response(&invite, response));
        if let Some(peer) = &mut peer {
            peer.cseq += far.heard().len() as u32;
        }
        match action {
            0 => drop(far.world.command(far.phone, Command::Answer(call, Extra::default()))),
            1 => drop(far.world.command(far.phone, Command::Decline(call, None, Extra::default()))),
            2 if random.below(2) == 0 => {
                let targets = vec!["carol".to_owned()];
                far.world.command(far.phone, Command::Redirect { call, status: 302, targets });
            }
            3 if random.below(2) == 0 => drop(far.world.command(far.phone, Command::Hangup(call, Extra::default()))),
            4 if !cut => far.cancel(&invite, &[]),
            5 => {
                if let Some(peer) = &mut peer {
                    far.ask(peer, "BYE", &[], "");
                }
            }
            6 | 7 => {
                let rseq =
                    far.responses("INVITE").iter().filter_map(|response| response.headers.rseq()?.ok()).next_back();
                if let (Some(peer), Some(rseq)) = (&mut peer, rseq) {
                    far.ask(peer, "PRACK", &[&format!("RAck: {rseq} 1 INVITE")], "");
                }
            }
            8 | 9 => {
                if let Some(peer) = &mut peer {
                    peer.cseq = 1;
                    let described = random.below(2) == 0;
                    let headers = ["Content-Type: application/sdp"];
                    let body = crate::world::sdp(1);
                    far.ask(peer, "ACK", if described { &headers } else { &[] }, if described { &body } else { "" });
                }
            }
            10 => {
                if let Some(peer) = &mut peer {
                    far.ask(peer, ["UPDATE", "INVITE", "INFO"][random.below(3) as usize], &[], "");
                }
            }
            11 if random.below(3) == 0 => {
                far.world.cut(far.phone);
                far.run(8_000);
                cut = true;
            }
            12 => {
                let failure = (random.below(2) == 0).then_some(MediaFailure::NoMicrophone);
                far.world.phones[far.phone].media_failure = failure;
            }
            _ => {}
        }
        far.run([0, 5, 25, 700, 4_000][random.below(5) as usize]);
        if far.state(call).is_none() {
            break;
        }
    }
    if far.state(call).is_some() {
        far.world.command(far.phone, Command::Hangup(call, Extra::default()));
    }
    far.run(200_000);
    assert_eq!(far.state(call), None, "seed {seed}: {log:?}");
    let over = |event: &&Event| matches!(event, Event::CallTerminated { call: of, .. } if of.id == call);
    assert_eq!(far.world.phones[far.phone].events.iter().filter(over).count(), 1, "seed {seed}: {log:?}");
    assert!(far.world.phones[far.phone].open_media.is_empty(), "seed {seed}: {log:?}");
    // Of the first INVITE; re-INVITEs have other numbers.
    let mut first: Vec<u16> = far
        .responses("INVITE")
        .iter()
        .filter(|response| header(&response.headers, HeaderName::CSeq) == "1 INVITE")
        .map(Response::status)
        .filter(|status| *status >= 200)
        .collect();
    first.dedup();
    assert!(first.len() == 1 || (cut && first.is_empty()), "seed {seed}: {first:?} of {:?}: {log:?}", finals(&far));
}

/// RFC 3261 13.3.1, 9.2, 15.1.2, RFC 3262 3
#[test]
fn whatever_follows_their_invite_it_ends_well() {
    for seed in 0..150 {
        run(seed);
    }
}
