//! A channel that loses, repeats and reorders, and pages that come and go: what was said arrives once and in order.

use super::channel::{Pair, ended};
use sipwake::bridge::{CallEnded, WsMessage};
use sipwake::common::random::{Random, Seeded};

fn names(side: &super::channel::Side) -> Vec<u64> {
    let ended = side.received.iter().filter(|incoming| incoming.message_type == "call.ended");
    ended.map(|incoming| incoming.read::<CallEnded>().unwrap().call_uuid.parse().unwrap()).collect()
}

/// Does to what is under way what a bad channel may do.
fn disturb(pair: &mut Pair, random: &mut Random) {
    for queue in [&mut pair.to_page, &mut pair.to_host] {
        let length = queue.len() as u64;
        if length == 0 {
            continue;
        }
        let index = usize::try_from(random.below(length)).unwrap();
        match random.below(4) {
            0 => drop(queue.remove(index)),
            1 => {
                let text = queue[index].clone();
                queue.push_back(text);
            }
            2 => {
                let text = queue.remove(index).unwrap();
                queue.push_back(text);
            }
            _ => queue[index].truncate(40),
        }
    }
}

#[test]
fn on_any_channel_everything_arrives_once_and_in_order() {
    for seed in 0..150 {
        let mut random = Random::new(Seeded(seed));
        let mut pair = Pair::connected();
        let (mut to_page, mut to_host) = (0, 0);
        for _ in 0..120 {
            match random.below(8) {
                0..=2 => {
                    pair.host.event(pair.now(), &ended(&to_page.to_string()));
                    to_page += 1;
                }
                3..=5 => {
                    pair.page.event(pair.now(), &ended(&to_host.to_string()));
                    to_host += 1;
                }
                6 => {
                    pair.drain();
                    disturb(&mut pair, &mut random);
                }
                _ => pair.run(random.below(4_000)),
            }
        }
        pair.run(200_000);
        assert_eq!(names(&pair.page_side), (0..to_page).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(names(&pair.host_side), (0..to_host).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(pair.host.waiting() + pair.page.waiting(), 0, "seed {seed}");
    }
}

#[test]
fn over_the_deaths_of_pages_nothing_that_matters_is_lost_and_nothing_old_arrives() {
    for seed in 0..150 {
        let mut random = Random::new(Seeded(seed));
        let mut pair = Pair::connected();
        let mut said = 0;
        let mut life = 0_u64;
        let mut got: Vec<Vec<u64>> = Vec::new();
        for _ in 0..80 {
            match random.below(8) {
                0..=3 => {
                    pair.host.event(pair.now(), &ended(&said.to_string()));
                    said += 1;
                }
                4 if pair.host.is_live() => {
                    pair.host.event(pair.now(), &WsMessage { sock: life, ..WsMessage::default() });
                }
                5 => {
                    pair.settle();
                    got.push(names(&pair.page_side));
                    pair.host.peer_lost();
                    pair.reload();
                    life += 1;
                }
                6 => {
                    pair.drain();
                    disturb(&mut pair, &mut random);
                }
                _ => pair.run(random.below(3_000)),
            }
            let old = pair
                .page_side
                .received
                .iter()
                .filter(|incoming| incoming.message_type == "ws.message")
                .any(|incoming| incoming.read::<WsMessage>().unwrap().sock != life);
            assert!(!old, "seed {seed}: a message of another page's socket");
        }
        pair.run(200_000);
        got.push(names(&pair.page_side));
        for page in &got {
            assert!(page.windows(2).all(|pair| pair[0] < pair[1]), "seed {seed}: {page:?}");
        }
        let mut all: Vec<u64> = got.into_iter().flatten().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all, (0..said).collect::<Vec<_>>(), "seed {seed}");
    }
}
