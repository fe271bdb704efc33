//! BYEs that could not leave, or whose flow went away before their answer: each leaves on the next flow while anybody
//! may wait for it, 64 * T1, or its loss is told.

use super::Agent;
use super::call::LINGER_MS;
use super::request::{Attempt, DialogRef, Purpose};
use crate::common::limits;
use crate::common::time::{Mono, Now};
use crate::io::{AccountId, ErrorCode, FlowId};
use crate::message::Request;

#[derive(Debug)]
pub(super) struct Owed {
    account: AccountId,
    dialog: DialogRef,
    request: Request,
    /// The flow that did not take it.
    not_on: Option<FlowId>,
    until: Mono,
}

impl Agent {
    /// The far end is still to be told that a dialog is over; not on this flow.
    pub(super) fn owe(
        &mut self,
        now: Now,
        account: AccountId,
        dialog: DialogRef,
        request: Request,
        not_on: Option<FlowId>,
    ) {
        if self.owed.len() >= limits::REMEMBERED_CALLS {
            let account = self.owed.remove(0).account;
            self.problem(ErrorCode::FarEndNotTold, Some(account));
        }
        self.owed.push(Owed { account, dialog, request, not_on, until: now.mono.after(LINGER_MS) });
    }

    /// Sends what is owed and can leave now, and tells what will not leave any more. True where something changed.
    pub(super) fn settle_owed(&mut self, now: Now) -> bool {
        let mut changed = false;
        for owed in std::mem::take(&mut self.owed) {
            let account = self.find_account(owed.account);
            let flow = account.and_then(|account| account.flow());
            if account.is_none() || owed.until <= now.mono {
                self.problem(ErrorCode::FarEndNotTold, Some(owed.account));
                changed = true;
            } else if flow.is_some() && flow != owed.not_on {
                self.request_again(now, owed.account, Attempt::new(owed.dialog, Purpose::Bye), owed.request);
                changed = true;
            } else {
                self.owed.push(owed);
            }
        }
        changed
    }

    pub(super) fn next_owed_timeout(&self) -> Option<Mono> {
        self.owed.iter().map(|owed| owed.until).min()
    }

    /// Whether a BYE of this account waits for its answer, or for the ACK that comes before it.
    pub(super) fn is_saying_bye(&self, account: AccountId) -> bool {
        let waits = |call: &super::call::Call| call.account == account && call.bye_after_ack && call.repeat.is_some();
        self.has_request(account, &Purpose::Bye) || self.calls.iter().any(waits)
    }

    /// The engine has stopped: nothing leaves any more.
    pub(super) fn abandon_owed(&mut self) {
        let unsaid = self.calls.iter().filter(|call| call.bye_after_ack && call.repeat.is_some());
        let unsaid: Vec<_> = unsaid.map(|call| call.account).collect();
        for account in std::mem::take(&mut self.owed).into_iter().map(|owed| owed.account).chain(unsaid) {
            self.problem(ErrorCode::FarEndNotTold, Some(account));
        }
    }
}
