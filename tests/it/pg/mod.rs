//! Proofs of the policies of the area `postgres` by what they are about: a defect that fails, a healthy counterpart
//! that passes, and the remedy carried out. `crate::policies_postgres` holds the oldest ones and the servers.

mod replication;
mod schema;
mod sessions;
mod settings;
mod storage;

/// A policy, and how its proof makes a healthy server fail it, in a sentence for people.
pub(crate) type Recipe = (&'static str, &'static str);

/// All of them.
#[expect(dead_code, reason = "the table of policies is generated from it next")]
pub(crate) fn recipes() -> Vec<Recipe> {
    [replication::RECIPES, schema::RECIPES, sessions::RECIPES, settings::RECIPES, storage::RECIPES].concat()
}
