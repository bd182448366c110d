-- The roles are listed in auth/model.rs. A second list here would need a migration for each new role.
alter table users drop constraint users_role_check;
