//! Password hashing, and the policy for new passwords: strength, context, breaches.
//! Called by the flows.

pub mod breach;
pub mod client_shares;
pub mod hash_queue;
pub mod hasher;
pub mod policy;
pub mod stored_hash;
pub mod strength;
