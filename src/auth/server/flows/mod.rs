//! The use cases of accounts, one file each, from the request to the email.
//! Called by the server functions.

pub mod change_email;
pub mod change_password;
pub mod code_request;
pub mod code_steps;
pub mod delete_account;
pub mod log_in;
pub mod log_in_attempt;
pub mod log_out;
pub mod magic_link;
pub mod redeem;
pub mod reset_password;
pub mod set_role;
pub mod sign_up;
pub mod verify_email;
