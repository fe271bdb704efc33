//! Pages of a phone that go and come.

use sipwake::common::random::{Random, Seeded};
use sipwake::common::time::Mono;
use sipwake::endpoint::Endpoint;
use sipwake::io::{AccountId, AccountOptions, EndpointOptions, FlowId, Input};

use super::{Travelling, World};

impl World {
    /// Nothing comes of a socket that was closed, even if another page gives its number to a new one.
    pub fn forget_flow(&mut self, index: usize, closed: FlowId) {
        self.travelling.retain(|(_, _, what)| match what {
            Travelling::Phone(phone, Input::Flow { flow, .. }) => (*phone, *flow) != (index, closed),
            _ => true,
        });
    }

    /// Whether the page itself, and not its shell, owns what this is about.
    pub fn is_the_pages(&self, index: usize, input: &Input) -> bool {
        let phone = &self.phones[index];
        match input {
            Input::Flow { flow, .. } => phone.shell.is_none() || phone.own_flows.contains(flow),
            Input::Media { media, .. } => phone.shell.is_none() || phone.own_media.contains(media),
            _ => true,
        }
    }

    /// What is on its way between a page and its shell when the page's process dies goes with it, and so does what was
    /// the page's own.
    pub fn forget_page(&mut self, index: usize) {
        self.travelling.retain(|(_, _, what)| match what {
            Travelling::Phone(phone, Input::Host(_) | Input::Media { .. }) | Travelling::Shell(phone, _) => {
                *phone != index
            }
            _ => true,
        });
        let phone = &mut self.phones[index];
        phone.kept.clear();
        phone.completed.clear();
        phone.own_media.clear();
        phone.prepared.clear();
        let own = std::mem::take(&mut phone.own_flows);
        phone.flows.retain(|flow| !own.contains(flow));
        if !self.shell(index).owns_media {
            self.phones[index].open_media.clear();
        }
        for flow in own {
            self.forget_flow(index, flow);
            self.server.connection_closed(index, flow);
        }
    }

    /// The page of a phone without a shell is left; another one begins with these options, and makes the same account.
    pub fn next_page(
        &mut self,
        index: usize,
        options: EndpointOptions,
        account: AccountOptions,
        seed: u64,
    ) -> AccountId {
        for flow in std::mem::take(&mut self.phones[index].flows) {
            self.forget_flow(index, flow);
            self.server.connection_closed(index, flow);
        }
        self.travelling.retain(|(_, _, what)| match what {
            Travelling::Phone(phone, _) => *phone != index,
            _ => true,
        });
        let phone = &mut self.phones[index];
        phone.open_media.clear();
        phone.virtual_media.clear();
        phone.endpoint = Endpoint::new(options, Random::new(Seeded(seed)));
        phone.timer = Some(Mono(self.now));
        phone.completed.clear();
        phone.events.clear();
        self.create_account(index, account)
    }

    /// Forgets which sockets and media sessions were a page's own.
    pub fn forget_own(&mut self, index: usize) {
        let phone = &mut self.phones[index];
        phone.own_flows.retain(|flow| phone.flows.contains(flow));
        phone.own_media.retain(|media| phone.open_media.contains(media));
    }
}
