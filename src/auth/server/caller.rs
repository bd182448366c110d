//! The verified caller with its session. Created by `session`, added to the request's extensions by `identify`.

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
        claims::AccessClaims,
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
    /// What this request did with its tokens.
    pub decision: LastDecision,
    /// Whether this request read the session from the database. If `false`, it is up to a second old.
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

    /// Locks the caller's account until `tx` ends. The first step of every change that requires a session. Returns 401
    /// if the session ended or the account was disabled after the request came in.
    pub async fn lock(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<OwnerRow, AppError> {
        users::owner_store::lock_caller(tx, self.user_id, &self.session, now).await?.ok_or(AppError::Unauthenticated)
    }

    /// Creates a caller from the token alone, for read-only pages while
    /// the database is down. It has no email and no display name.
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
                // Unknown. `true` hides the reminder.
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

/// The client of a request, for rate limits, the audit trail and the list of devices.
#[derive(Clone, Debug)]
pub struct Client {
    pub ip: IpAddr,
    pub user_agent: String,
}

impl Client {
    /// Reads the client from the connection or, if that is a trusted proxy, from its forwarding headers. Ignores those
    /// of anyone else, who could write anything.
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
