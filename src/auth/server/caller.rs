//! Who is asking, with the session behind it. Made by `session`, handed on by `identify` in the request's extensions.

use axum::{
    extract::ConnectInfo,
    http::{header, request::Parts},
};
use chrono::{DateTime, Utc};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use uuid::Uuid;

use super::{
    session::store::SessionRow,
    token::{
        jwt::AccessClaims,
        session_id::{SessionId, SessionIdHash},
    },
    users,
    users::owner_store::OwnerRow,
};
use crate::{
    auth::model::{Identity, LastDecision, Role},
    error::AppError,
    server::{db::Tx, proxies::TrustedProxies},
};

/// The verified caller of a request.
#[derive(Clone)]
pub struct Caller {
    pub identity: Identity,
    pub user_id: Uuid,
    pub session: SessionIdHash,
    pub(super) session_id: SessionId,
    pub access_expires_at: DateTime<Utc>,
    /// What this request's tokens were worth.
    pub decision: LastDecision,
    /// Whether the database was asked in this request. `false`: it is up to a second old.
    pub fresh: bool,
}

impl Caller {
    pub(super) fn new(
        row: &SessionRow,
        session_id: SessionId,
        decision: LastDecision,
        fresh: bool,
        access_expires_at: DateTime<Utc>,
    ) -> Self {
        Self {
            identity: Identity {
                user_id: row.user_id.to_string(),
                email: row.email.clone(),
                email_verified: row.email_verified,
                display_name: row.display_name.clone(),
                role: row.role,
            },
            user_id: row.user_id,
            session: row.id_hash,
            session_id,
            access_expires_at,
            decision,
            fresh,
        }
    }

    /// Locks the caller's account until `tx` ends. The first step of every change that rests on being signed in: a session
    /// that ended since the request came in, or an account that was disabled, is refused with 401.
    pub async fn lock(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<OwnerRow, AppError> {
        users::owner_store::lock_caller(tx, self.user_id, &self.session, now).await?.ok_or(AppError::Unauthenticated)
    }

    /// By the token alone, while the database does not answer: enough for a page that only reads, and says nothing of
    /// the account that the token does not.
    pub(super) fn from_claims(
        claims: &AccessClaims,
        session_id: SessionId,
        role: Role,
        access_expires_at: DateTime<Utc>,
    ) -> Self {
        Self {
            identity: Identity {
                user_id: claims.sub.to_string(),
                email: String::new(),
                // Not known, and nothing to ask for now.
                email_verified: true,
                display_name: String::new(),
                role,
            },
            user_id: claims.sub,
            session: session_id.hash(),
            session_id,
            access_expires_at,
            decision: LastDecision::AccessAccepted,
            fresh: false,
        }
    }
}

/// The client's side of a request: for throttles, the audit trail and the list of devices.
#[derive(Clone, Debug)]
pub struct Client {
    pub ip: IpAddr,
    pub user_agent: String,
}

impl Client {
    /// From the connection itself, or where that is a proxy of ours from what it says: any other forwarding header is
    /// anybody's to write.
    pub fn of(parts: &Parts, proxies: &TrustedProxies) -> Self {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
        let ip = proxies.client(peer, &parts.headers);
        let user_agent = parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .chars()
            .take(256)
            .collect();
        Self { ip, user_agent }
    }
}
