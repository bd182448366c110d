//! Limits each client's share of the password queue. A few requests of a client are in the queue at once; its others
//! wait outside, so that a client with many requests does not block the others. Used by `hasher`.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, Weak, atomic::AtomicUsize},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::hash_queue::{Place, QUEUE, WAIT, permits};
use crate::{error::AppError, server::ops::rate_limit::network};

/// Above this number of clients, unused entries are removed.
const CLEANUP_AT: usize = 1024;

/// The maximum number of requests of a client in the queue or being hashed: one more than are hashed at once, so that a
/// single client can keep the hasher busy.
pub fn share() -> usize {
    permits() + 1
}

/// The clients with requests in the queue or waiting for it.
#[derive(Default)]
pub struct ClientShares(Mutex<HashMap<IpAddr, Weak<Lane>>>);

struct Lane {
    share: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// A place in a client's share, held until the hash is computed.
pub struct InShare {
    _permit: OwnedSemaphorePermit,
    _lane: Arc<Lane>,
}

impl ClientShares {
    /// Waits for a place in the share of `client` (IPv6: of its /64). Returns [`AppError::Busy`] after a timeout.
    pub async fn enter(&self, client: IpAddr) -> Result<InShare, AppError> {
        let lane = self.lane(network(client));
        let place = Place::take(&lane.waiting, QUEUE)?;
        let permit = tokio::time::timeout(WAIT, lane.share.clone().acquire_owned()).await;
        drop(place);
        match permit {
            Ok(Ok(permit)) => Ok(InShare { _permit: permit, _lane: lane }),
            Ok(Err(_)) | Err(_) => Err(AppError::Busy),
        }
    }

    fn lane(&self, network: IpAddr) -> Arc<Lane> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(&network).and_then(Weak::upgrade) {
            return lane;
        }
        if lanes.len() >= CLEANUP_AT {
            lanes.retain(|_, lane| lane.strong_count() > 0);
        }
        let lane = Arc::new(Lane { share: Arc::new(Semaphore::new(share())), waiting: AtomicUsize::new(0) });
        lanes.insert(network, Arc::downgrade(&lane));
        lane
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_has_its_share_and_no_more_until_it_releases_a_place() {
        let lanes = ClientShares::default();
        let client = "2001:db8::1".parse().unwrap();
        let mut held = Vec::new();
        for _ in 0..share() {
            held.push(lanes.enter(client).await.unwrap());
        }
        let mut one_more = std::pin::pin!(lanes.enter("2001:db8::2".parse().unwrap()));
        assert!(futures_util::poll!(&mut one_more).is_pending(), "a neighbour in the same /64 is the same client");
        assert!(lanes.enter("2001:db8:0:1::1".parse().unwrap()).await.is_ok(), "another client is another matter");
        held.pop();
        assert!(one_more.await.is_ok());
    }

    #[tokio::test]
    async fn unused_entries_are_removed() {
        let lanes = ClientShares::default();
        for n in 0..=u32::try_from(CLEANUP_AT).unwrap() {
            lanes.enter(IpAddr::V4(n.into())).await.unwrap();
        }
        assert!(lanes.0.lock().unwrap().len() < CLEANUP_AT);
    }

    #[tokio::test]
    async fn entries_in_use_are_kept() {
        let (shares, mut held) = (ClientShares::default(), Vec::new());
        for n in 0..=u32::try_from(CLEANUP_AT).unwrap() {
            held.push(shares.enter(IpAddr::V4(n.into())).await.unwrap());
        }
        assert_eq!(shares.0.lock().unwrap().len(), CLEANUP_AT + 1);
        held.clear();
        shares.enter("2001:db8::1".parse().unwrap()).await.unwrap();
        assert_eq!(shares.0.lock().unwrap().len(), 1, "and removed once they have left it");
    }
}
