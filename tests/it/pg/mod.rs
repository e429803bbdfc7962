//! Proofs of the policies of the area `postgres` by what they are about: a defect that fails, a healthy counterpart
//! that passes, and the remedy carried out. `crate::policies_postgres` holds the oldest ones and the servers.

mod logical;
mod neglected;
mod replication;
mod schema;
mod sessions;
mod settings;
mod storage;
mod upgrade;
pub(crate) mod whole;

/// A policy, and how its proof makes a healthy server fail it, in a sentence for people.
pub(crate) type Recipe = (&'static str, &'static str);

/// Of those whose proofs stand in `crate::policies_postgres`, `crate::policies_relations` and `crate::policies_memory`.
const OLDEST: &[Recipe] = &[
    ("postgres-archiver", "The archive command is `false`, and a WAL segment is switched."),
    ("postgres-autovacuum-on", "The server is started with `autovacuum = off`."),
    ("postgres-autovacuum-tables", "A table is created with `autovacuum_enabled = false`."),
    ("postgres-checksums", "The cluster is made without checksums."),
    ("postgres-copy-rows", "Rows of a table are deleted in the copy."),
    ("postgres-dead-tuples", "Four fifths of the rows of a table are updated and nothing vacuums it."),
    ("postgres-durability", "The server is started with `fsync = off` and `full_page_writes = off`."),
    (
        "postgres-invalid-indexes",
        "A unique index is built concurrently over duplicates, and so is its rebuilding.",
    ),
    ("postgres-never-vacuumed", "A table of 50,000 rows is filled and nothing vacuums it."),
    ("postgres-no-primary-key", "A table is created without a key."),
    ("postgres-replication-lag", "The replay of a standby is paused while its primary writes."),
    ("postgres-replication-slot-retention", "A slot is made that nobody reads, and the server writes 30 MB."),
    ("postgres-role-not-superuser", "The superuser looks."),
    (
        "postgres-roles-reviewed",
        "A role that may log in appears, one gets CREATEROLE, and one loses its login.",
    ),
    (
        "postgres-sequence-exhaustion",
        "Sequences are set near the end of their own type, of the column's, and of a downward range.",
    ),
    (
        "postgres-settings-changed",
        "`fsync`, `work_mem` and `enable_seqscan` are changed by ALTER SYSTEM between two runs.",
    ),
    ("postgres-standby-vanished", "Two standbys are stopped, one of them with a slot."),
    (
        "postgres-statistics-stale",
        "All rows of a table are updated twice, and another one is filled, without ANALYZE.",
    ),
    (
        "postgres-tables-vanished",
        "A table is dropped and rows are deleted from one to which they are only added.",
    ),
];

/// All of them. What stands with a subject goes before what stands here.
pub(crate) fn recipes() -> Vec<Recipe> {
    let subjects = [
        logical::RECIPES,
        replication::RECIPES,
        schema::RECIPES,
        sessions::RECIPES,
        settings::RECIPES,
        storage::RECIPES,
    ]
    .concat();
    let older = OLDEST.iter().filter(|(policy, _)| !subjects.iter().any(|(known, _)| known == policy));
    subjects.iter().chain(older).copied().collect()
}
