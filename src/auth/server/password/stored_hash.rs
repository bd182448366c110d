//! The supported password hashes: all variants of argon2, and bcrypt, created here or by another system. The cost is
//! limited, so that an imported hash can't keep the server busy for hours. Parsed by `hasher` at log-in and by
//! `server::cli::import`.

use argon2::{Algorithm, Argon2, Params, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use std::fmt;

/// The maximum cost of bcrypt: about a second.
pub const BCRYPT_COST_CAP: u32 = 14;
const BCRYPT_COST_MIN: u32 = 4;
/// The maximum memory of an argon2 hash, in KiB. Log-ins can use this times the number of parallel hashes.
pub const ARGON2_MEMORY_CAP: u32 = 256 * 1024;
/// The maximum memory times passes of an argon2 hash, in KiB: about a second.
pub const ARGON2_WORK_CAP: u64 = 1024 * 1024;

/// The cost of computing a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    Argon2 { algorithm: Algorithm, version: Version, memory_kib: u32, passes: u32, lanes: u32 },
    Bcrypt { cost: u32 },
}

/// A parsed hash within the limits.
pub struct StoredHash<'a> {
    form: Form<'a>,
    pub work: Work,
}

enum Form<'a> {
    Argon2(Box<PasswordHash>),
    Bcrypt(&'a str),
}

/// Why a stored hash is not supported. Reveals nothing of the hash itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashProblem {
    Unknown,
    BcryptCost(u32),
    Argon2Memory(u32),
    Argon2Work { memory_kib: u32, passes: u32 },
}

impl fmt::Display for HashProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str(
                "no hash that can be verified: those begin with $2a$, $2b$, $2y$, $argon2id$, $argon2i$ or $argon2d$",
            ),
            Self::BcryptCost(cost) if *cost > BCRYPT_COST_CAP => {
                write!(f, "bcrypt cost {cost} is above the limit of {BCRYPT_COST_CAP}")
            }
            Self::BcryptCost(cost) => write!(f, "bcrypt cost {cost} is below the minimum of {BCRYPT_COST_MIN}"),
            Self::Argon2Memory(kib) => write!(f, "argon2 with m={kib} is above the limit of {ARGON2_MEMORY_CAP} KiB"),
            Self::Argon2Work { memory_kib, passes } => {
                write!(
                    f,
                    "argon2 with m={memory_kib} and t={passes} is above the limit of m times t: {ARGON2_WORK_CAP} KiB"
                )
            }
        }
    }
}

impl Work {
    /// Returns the cost of an argon2 instance.
    pub fn of(argon2: &Argon2<'_>, algorithm: Algorithm, version: Version) -> Self {
        Self::by(argon2.params(), algorithm, version)
    }

    fn by(params: &Params, algorithm: Algorithm, version: Version) -> Self {
        let (memory_kib, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        Self::Argon2 { algorithm, version, memory_kib, passes, lanes }
    }

    /// Computes a hash of that cost and discards it, to equalize the time of failures.
    pub fn compute(&self, password: &str) {
        const SALT: [u8; 16] = [0x5a; 16];
        match *self {
            Self::Argon2 { algorithm, version, memory_kib, passes, lanes } => {
                let Ok(params) = Params::new(memory_kib, passes, lanes, None) else { return };
                let mut out = [0; 32];
                let _ =
                    Argon2::new(algorithm, version, params).hash_password_into(password.as_bytes(), &SALT, &mut out);
                std::hint::black_box(out);
            }
            Self::Bcrypt { cost } => {
                let _ = std::hint::black_box(bcrypt::hash_with_salt(password, cost, SALT));
            }
        }
    }
}

impl<'a> StoredHash<'a> {
    /// Parses a PHC string or a bcrypt hash. The current parameters `own` are always within the limits.
    pub fn parse(text: &'a str, own: Option<&Params>) -> Result<Self, HashProblem> {
        match text.starts_with("$2") {
            true => Self::bcrypt(text),
            false => Self::argon2(text, own),
        }
    }

    fn bcrypt(text: &'a str) -> Result<Self, HashProblem> {
        // $2x$ is from a broken implementation, and $2$ from an older one.
        let known = ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix));
        let parts = text.parse::<bcrypt::HashParts>().ok().filter(|_| known).ok_or(HashProblem::Unknown)?;
        let cost = parts.get_cost();
        if !(BCRYPT_COST_MIN..=BCRYPT_COST_CAP).contains(&cost) {
            return Err(HashProblem::BcryptCost(cost));
        }
        Ok(Self { form: Form::Bcrypt(text), work: Work::Bcrypt { cost } })
    }

    fn argon2(text: &str, own: Option<&Params>) -> Result<Self, HashProblem> {
        let unknown = HashProblem::Unknown;
        let mut phc = PasswordHash::new(text).map_err(|_| unknown)?;
        let algorithm = Algorithm::try_from(phc.algorithm.as_str()).map_err(|_| unknown)?;
        // Hashes from before argon2 1.3 have no version.
        let version = Version::try_from(*phc.version.get_or_insert(0x10)).map_err(|_| unknown)?;
        // A key id requires a secret that we don't have.
        let keyed = phc.params.iter().any(|(name, _)| name.as_str() == "keyid");
        let params = Params::try_from(&phc).map_err(|_| unknown)?;
        if keyed || phc.salt.is_none() || phc.hash.is_none() {
            return Err(unknown);
        }
        let work = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
        if params.m_cost() > own.map_or(0, Params::m_cost).max(ARGON2_MEMORY_CAP) {
            return Err(HashProblem::Argon2Memory(params.m_cost()));
        }
        if work(&params) > own.map_or(0, work).max(ARGON2_WORK_CAP) {
            return Err(HashProblem::Argon2Work { memory_kib: params.m_cost(), passes: params.t_cost() });
        }
        Ok(Self { form: Form::Argon2(Box::new(phc)), work: Work::by(&params, algorithm, version) })
    }

    /// Verifies `password`.
    ///
    /// bcrypt reads only 72 bytes. A longer password that matches on those is accepted, then rehashed in full with
    /// argon2id. A password with NUL never matches, because some bcrypt implementations stop reading there.
    pub fn verify(&self, argon2: &Argon2<'_>, password: &str) -> bool {
        match &self.form {
            Form::Argon2(phc) => argon2.verify_password(password.as_bytes(), phc.as_ref()).is_ok(),
            Form::Bcrypt(text) => bcrypt::verify(password, text).is_ok_and(|right| right) & !password.contains('\0'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "tidal-copper-lantern";
    /// Hashes of [`RIGHT`] by other programs: the bcrypt package of Python, and the C library of argon2.
    const FOREIGN: [&str; 9] = [
        "$2a$04$9ld85A84nyQyk0oSV3tU3uLGl9jPiOC3A7RgWsfBSniDjIxXNHX.i",
        "$2b$04$RlghiA9dZFKX3YqkAStWru99.OtJT6KJ/U36RPLO.o.dFavufA1pi",
        "$2y$05$Dg/AXigtVRG2dAh7hmjoIuvyykwbSg3f2G2jqzuQjCpiJJmkWde2y",
        "$argon2i$v=19$m=4096,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$pPFC1tYdfafchToP5W5YngVbUkiyTZSZfQgnhWW9HZw",
        "$argon2d$v=19$m=4096,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$Gmu5KptAaGLCC2YKGcaamGZI9b0IfIM6x+eMxFjNWls",
        "$argon2id$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$YOciTSXi5HotBqswo0JrXwdJ9t7bN5Imbm4AVXO0WQ8",
        "$argon2id$v=19$m=512,t=2,p=8$MDEyMzQ1Njc4OWFiY2RlZg$z0IR1TdNGcTz3sMOSj9jVQ",
        "$argon2i$v=16$m=4096,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$DtWWuFVJO9d9G1KawbmEZlSqpj//2txCs9hgRM/KbiU",
        // From before the library wrote a version.
        "$argon2i$m=4096,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$DtWWuFVJO9d9G1KawbmEZlSqpj//2txCs9hgRM/KbiU",
    ];

    fn verifies(text: &str, password: &str) -> bool {
        StoredHash::parse(text, None).unwrap().verify(&Argon2::default(), password)
    }

    #[test]
    fn hashes_of_other_systems_verify() {
        for text in FOREIGN {
            assert!(verifies(text, RIGHT), "{text}");
            for wrong in ["tidal-copper-lanterN", "tidal-copper-lantern ", "", "tidal-copper-lantern\0"] {
                assert!(!verifies(text, wrong), "{wrong:?} for {text}");
            }
        }
    }

    #[test]
    fn bcrypt_reads_72_bytes_and_rejects_nul() {
        let seen = "0123456789".repeat(7) + "ab";
        // The hash of these 72 bytes by another program.
        let text = "$2b$04$tbuTi9uioCYOrVyp6XxxD.mgqHHAR4yS6qlzB8TOI7ME3ceIv4HI.";
        assert!(verifies(text, &seen));
        assert!(verifies(text, &format!("{seen} and more")));
        assert!(!verifies(text, &seen[..71]));
        assert!(!verifies(text, &format!("{seen}\0")));
    }

    #[test]
    fn an_expensive_or_unknown_hash_is_rejected_with_its_problem() {
        let bcrypt = |start: &str| format!("{start}$9ld85A84nyQyk0oSV3tU3uLGl9jPiOC3A7RgWsfBSniDjIxXNHX.i");
        let argon2 = |start: &str| format!("{start}$MDEyMzQ1Njc4OWFiY2RlZg$z0IR1TdNGcTz3sMOSj9jVQ");
        let problem_of = |text: &str| StoredHash::parse(text, None).err();
        for (text, problem) in [
            (bcrypt("$2b$14"), None),
            (bcrypt("$2b$15"), Some(HashProblem::BcryptCost(15))),
            (bcrypt("$2b$31"), Some(HashProblem::BcryptCost(31))),
            (bcrypt("$2b$03"), Some(HashProblem::BcryptCost(3))),
            (bcrypt("$2x$10"), Some(HashProblem::Unknown)),
            (bcrypt("$2$10"), Some(HashProblem::Unknown)),
            (bcrypt("$2b$1x"), Some(HashProblem::Unknown)),
            (bcrypt("$2b$10") + "x", Some(HashProblem::Unknown)),
            (argon2("$argon2id$v=19$m=262144,t=4,p=1"), None),
            (argon2("$argon2id$v=19$m=262145,t=1,p=1"), Some(HashProblem::Argon2Memory(262_145))),
            (
                argon2("$argon2id$v=19$m=262144,t=5,p=1"),
                Some(HashProblem::Argon2Work { memory_kib: 262_144, passes: 5 }),
            ),
            (
                argon2("$argon2i$v=19$m=8,t=4000000000,p=1"),
                Some(HashProblem::Argon2Work { memory_kib: 8, passes: 4_000_000_000 }),
            ),
            (argon2("$argon2id$v=18$m=4096,t=1,p=1"), Some(HashProblem::Unknown)),
            (argon2("$argon2id$v=19$m=4096,t=1,p=1,keyid=YQ"), Some(HashProblem::Unknown)),
            (argon2("$argon2id$v=19$m=4096,t=1,p=1000"), Some(HashProblem::Unknown)),
            (argon2("$scrypt$ln=16,r=8,p=1"), Some(HashProblem::Unknown)),
            ("$argon2id$v=19$m=4096,t=1,p=1".into(), Some(HashProblem::Unknown)),
            (RIGHT.into(), Some(HashProblem::Unknown)),
            ("5f4dcc3b5aa765d61d8327deb882cf99".into(), Some(HashProblem::Unknown)),
            (String::new(), Some(HashProblem::Unknown)),
        ] {
            assert_eq!(problem_of(&text), problem, "{text}");
        }
        assert_eq!(HashProblem::BcryptCost(31).to_string(), "bcrypt cost 31 is above the limit of 14");
        let own = Params::new(300_000, 5, 1, None).unwrap();
        let text = argon2("$argon2id$v=19$m=300000,t=5,p=1");
        assert!(StoredHash::parse(&text, Some(&own)).is_ok(), "what the configuration asks for is no attack");
    }
}
