//! What a project file may hold.

use super::{LABELS, TEXTS};
use crate::policy::model::Tier;
use crate::policy::shape::{MapShape, Shape, may, must};
use crate::verdict::{Severity, Urgency};

/// Where a secret is kept.
pub static SECRET: MapShape = MapShape {
    name: "a secret",
    keys: &[
        may("env", Shape::Line, "an environment variable"),
        may("file", Shape::Line, "the first line of a file"),
        may("command", Shape::ListOf(&Shape::Text), "the first line that a command prints"),
    ],
};

const SECRET_SHAPE: Shape = Shape::OneOf(&[Shape::Map(&SECRET), Shape::Secret]);

/// One target.
pub static TARGET: MapShape = MapShape {
    name: "a target",
    keys: &[
        must(
            "type",
            Shape::Line,
            "`host`, `postgres`, `pgbouncer`, `mysql`, `sqlite`, `service`, `bucket` or `project`",
        ),
        may("url", Shape::Line, "its address, without a password"),
        may("path", Shape::Line, "its file (`sqlite`)"),
        may("password", SECRET_SHAPE, "where the password is kept"),
        may("access_key", SECRET_SHAPE, "where the id of the access key is kept (`bucket`)"),
        may("secret_key", SECRET_SHAPE, "where the secret of the access key is kept (`bucket`)"),
        may("region", Shape::Line, "its region, `us-east-1` if left out (`bucket`)"),
        may(
            "addressing",
            Shape::Words(&["path", "host"]),
            "where requests name the bucket: in the path, or in the name of the host (`bucket`)",
        ),
        may("headers", Shape::MapOf(&Shape::Header, &SECRET_SHAPE), "secret headers of a service"),
        may("labels", LABELS, "labels from the declared set"),
        may("tls", Shape::Map(&TLS), "certificates for the connection"),
        may(
            "databases",
            Shape::OneOf(&[Shape::Map(&DATABASES), Shape::Words(&["all"])]),
            "`all` looks at every database of the server",
        ),
        may("limits", Shape::Map(&LIMITS), "how much it may be asked"),
        may(
            "scratch",
            Shape::Bool,
            "may probes that leave something behind for a moment (a canary job) be used on it?",
        ),
    ],
};

/// All that a target of type `project` can say.
pub(crate) const OF_A_PROJECT: &[&str] = &["type", "labels", "limits"];

/// Where a target was moved from.
pub(super) static MOVE: MapShape = MapShape {
    name: "a move",
    keys: &[
        may("from", Shape::Id, "the target that it was moved from"),
        may("in_place", Shape::Bool, "`true`: the migration happens on this target itself"),
        may("tables", Shape::MapOf(&Shape::Line, &Shape::Line), "old table: new table"),
        may("columns", Shape::MapOf(&Shape::Line, &Shape::Line), "`OLDTABLE.COLUMN`: new column"),
        may("drop", TEXTS, "old tables, and `OLDTABLE.COLUMN`, that stay behind on purpose"),
        may(
            "only",
            Shape::MapOf(&Shape::Line, &Shape::Line),
            "old table: SQL condition; only these rows were moved",
        ),
        may(
            "kinds",
            Shape::MapOf(&Shape::Line, &Shape::Line),
            "`OLDTABLE.COLUMN`: the kind of value that both sides are compared as, such as `bool`",
        ),
        may("schema", Shape::Line, "schema of the new side for tables of an engine without schemas"),
    ],
};

/// `gate:`
pub(super) static GATE: MapShape = MapShape {
    name: "a gate",
    keys: &[
        may(
            "moves",
            Shape::MapOf(&Shape::Id, &Shape::Map(&MOVE)),
            "for each target of the new side where it was moved from",
        ),
        may(
            "needs",
            Shape::MapOf(&Shape::Id, &Shape::ListOf(&Shape::Id)),
            "policies that wait until others pass",
        ),
    ],
};

/// `tls:` of a target.
pub static TLS: MapShape = MapShape {
    name: "a tls block",
    keys: &[
        may(
            "mode",
            Shape::Words(&["disable", "prefer", "require", "verify-ca", "verify-full"]),
            "as `sslmode` of PostgreSQL's clients",
        ),
        may("ca", Shape::Line, "file of the trusted certificates"),
        may("cert", Shape::Line, "file of our certificate"),
        may("key", Shape::Line, "file of our key"),
    ],
};

/// `databases:` of a server.
pub static DATABASES: MapShape =
    MapShape { name: "a choice of databases", keys: &[must("except", TEXTS, "databases that are left out")] };

/// `limits:` of a target.
pub static LIMITS: MapShape = MapShape {
    name: "limits",
    keys: &[
        may("connections", Shape::Count, "questions at once"),
        may("deadline", Shape::Duration, "how long one answer may take"),
    ],
};

/// One override.
pub static OVERRIDE: MapShape = MapShape {
    name: "an override",
    keys: &[
        must("policy", Shape::Line, "policies, `*` stands for any characters"),
        may("environment", Shape::Id, "only in this environment"),
        may("labels", LABELS, "only for targets with these labels"),
        may("target", Shape::Line, "only for this target"),
        may("subject", Shape::Line, "only for these subjects"),
        must(
            "set",
            Shape::MapOf(&Shape::Name, &Shape::Literal),
            "parameters, and `severity`, `owner`, `tier`, `urgency`, `runbook`",
        ),
        may("why", Shape::Prose, "why"),
    ],
};

/// One waiver.
pub static WAIVER: MapShape = MapShape {
    name: "a waiver",
    keys: &[
        must("policy", Shape::Line, "the policy"),
        may("target", Shape::Line, "the target; all if left out"),
        may("subject", Shape::Line, "the subjects; all if left out"),
        must("reason", Shape::Line, "why it is fine for now"),
        must("owner", Shape::Id, "who answers for it"),
        must("ticket", Shape::Line, "where it is discussed"),
        must("expires", Shape::Date, "the last day, UTC"),
        may(
            "covers",
            Shape::ListOf(&Shape::Words(&["fail", "warn", "unknown"])),
            "verdicts that it covers; `[fail, warn]` if left out",
        ),
        may("up_to", Shape::Literal, "a limit beyond which it no longer covers"),
    ],
};

/// One environment.
pub static ENVIRONMENT: MapShape = MapShape {
    name: "an environment",
    keys: &[
        must("targets", LABELS, "labels of its targets"),
        may("fail_on", Shape::Words(&["warn", "unknown", "fail"]), "the verdict from which a run fails"),
    ],
};

/// `store:`
pub static STORE: MapShape = MapShape {
    name: "a store",
    keys: &[
        may("path", Shape::Line, "file of the SQLite store; with `url` that of the copy on this machine"),
        may("url", Shape::Line, "a PostgreSQL database that several machines share, without a password"),
        may("password", SECRET_SHAPE, "where the password is kept (`url`)"),
        may("schema", Shape::Name, "the schema with the runs, `muster` if left out (`url`)"),
        may("tls", Shape::Map(&TLS), "certificates for the connection (`url`)"),
        may("deadline", Shape::Duration, "how long an answer may take, `10s` if left out (`url`)"),
        may(
            "keep",
            Shape::OneOf(&[Shape::MapOf(&Shape::Words(Tier::WORDS), &Shape::Duration), Shape::Duration]),
            "how long runs are kept: all, or those that judged policies of a tier",
        ),
    ],
};

/// `recordings:`
pub(super) static RECORDINGS: MapShape = MapShape {
    name: "the rules of recordings",
    keys: &[
        may("max_age", Shape::Duration, "`check --facts` refuses one that is older"),
        may("mask_key", SECRET_SHAPE, "the key of masked texts; a random one for each recording if left out"),
    ],
};

/// `audit:`
pub(super) static AUDIT: MapShape = MapShape {
    name: "the rules of audits",
    keys: &[
        may(
            "grace",
            Shape::OneOf(&[Shape::MapOf(&Shape::Words(Tier::WORDS), &Shape::Duration), Shape::Duration]),
            "how late a check may be judged before it is overdue, for all tiers or for each; a tenth of the tier's interval if left out",
        ),
        may(
            "zone",
            Shape::Line,
            "time zone in which a day of a period begins, by its IANA name; UTC if left out",
        ),
        may(
            "key",
            SECRET_SHAPE,
            "the Ed25519 key (PKCS#8, PEM) that signs evidence, as `openssl genpkey -algorithm ed25519` writes it",
        ),
        may(
            "valid_until",
            Shape::Date,
            "the last day, UTC, on which the key signs; reports tell in time that it ends, and after it no evidence is made with it",
        ),
    ],
};

/// Keys that a rule of the house may ask for.
pub(crate) const REQUIRED: &[&str] = &["owner", "tags", "controls", "prevents", "message", "runbook"];

/// One rule of the house.
pub static HOUSE_RULE: MapShape = MapShape {
    name: "a rule of the house",
    keys: &[
        must("rule", Shape::Id, "its name, which messages say"),
        must("why", Shape::Line, "why it was agreed, which messages say too"),
        may("policies", Shape::Line, "only for policies of such an id, `*` stands for any characters"),
        may("kind", Shape::Words(&["alert", "maintenance"]), "only for policies of this kind"),
        may(
            "severity",
            Shape::ListOf(&Shape::Words(Severity::WORDS)),
            "only for policies that can have one of these severities",
        ),
        may(
            "level",
            Shape::Words(&["warning", "error"]),
            "how loud; that of the lint `house-rule` if left out",
        ),
        may("require", Shape::ListOf(&Shape::Words(REQUIRED)), "keys that a policy must have"),
        may("id", Shape::Line, "a regular expression that matches the whole id"),
        may("owners", Shape::ListOf(&Shape::Id), "who may own a policy"),
        may(
            "tiers",
            Shape::ListOf(&Shape::Words(Tier::WORDS)),
            "how often a policy must be judged: one of these",
        ),
        may("tags", TEXTS, "tags of which a policy must have one"),
        may("labels", Shape::ListOf(&Shape::Name), "labels that `target` must name"),
    ],
};

/// `lints:`
pub static LINTS: MapShape = MapShape {
    name: "lint settings",
    keys: &[
        may(
            "levels",
            Shape::MapOf(&Shape::Id, &Shape::Words(&["off", "warning", "error"])),
            "levels of lints, or of all lints of a category",
        ),
        may("rules", Shape::ListOf(&Shape::Map(&HOUSE_RULE)), "what this organisation asks of its policies"),
    ],
};

/// One calendar.
pub(super) static CALENDAR: MapShape = MapShape {
    name: "a calendar",
    keys: &[
        must("zone", Shape::Line, "time zone by its IANA name: `Europe/Zurich`"),
        must(
            "hours",
            Shape::OneOf(&[Shape::ListOf(&Shape::Line), Shape::Line]),
            "`Mon-Fri 08:00-18:00`, or several in a list; the end is excluded, an end before the begin is on the next day",
        ),
        may("holidays", Shape::Line, "iCalendar file (`.ics`) with days that are outside of the hours"),
    ],
};

const ROUTES: Shape = Shape::MapOf(&Shape::Words(Urgency::WORDS), &Shape::Line);

/// Keys of the project file.
pub static PROJECT: MapShape = MapShape {
    name: "a project file",
    keys: &[
        must("muster", Shape::Version(1), "version of the format; write `muster: 1`"),
        may("owner", Shape::Id, "default owner"),
        may("policies", TEXTS, "folders, files, and libraries as `builtin:AREA`"),
        may(
            "labels",
            Shape::MapOf(&Shape::Name, &Shape::OneOf(&[Shape::ListOf(&Shape::Line), Shape::Words(&["any"])])),
            "labels with their allowed values, or `any`",
        ),
        may("targets", Shape::MapOf(&Shape::Id, &Shape::Map(&TARGET)), "the systems"),
        may("environments", Shape::MapOf(&Shape::Id, &Shape::Map(&ENVIRONMENT)), "named choices of targets"),
        may("owners", Shape::MapOf(&Shape::Id, &ROUTES), "who answers, and where each urgency goes"),
        may("tiers", Shape::MapOf(&Shape::Words(Tier::WORDS), &Shape::Duration), "interval of each tier"),
        may(
            "calendars",
            Shape::MapOf(&Shape::Id, &Shape::Map(&CALENDAR)),
            "hours of the week in a time zone",
        ),
        may(
            "commands",
            Shape::MapOf(&Shape::Id, &Shape::ListOf(&Shape::Text)),
            "all that `command.output` may run",
        ),
        may("overrides", Shape::ListOf(&Shape::Map(&OVERRIDE)), "other values of parameters"),
        may("waivers", Shape::ListOf(&Shape::Map(&WAIVER)), "dated exceptions"),
        may(
            "attestations",
            TEXTS,
            "files, folders or globs of statements that only people can make; `attestations/` if left out",
        ),
        may("max_waiver", Shape::Duration, "how far ahead a waiver may reach; 400d if left out"),
        may("lints", Shape::Map(&LINTS), "levels of lints, and rules of the house"),
        may("store", Shape::Map(&STORE), "where runs are remembered"),
        may("recordings", Shape::Map(&RECORDINGS), "how recordings are written and read"),
        may(
            "frameworks",
            TEXTS,
            "lists of controls for audits: files, OSCAL catalogs (`.json`), and `builtin:playbook`",
        ),
        may("gate", Shape::Map(&GATE), "what was moved in a migration, for `muster gate`"),
        may("audit", Shape::Map(&AUDIT), "what audits count by, and how evidence is made"),
    ],
};
