//! Every code that a diagnostic can carry, with the text of `muster explain CODE`.

/// A stable name for one kind of mistake.
#[derive(PartialEq, Eq, Debug)]
pub struct Code {
    /// Kebab-case, unique.
    pub id: &'static str,
    /// What it means and what to do, for `muster explain`.
    pub explain: &'static str,
}

/// The code of that name.
pub fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|code| code.id == id)
}

macro_rules! codes {
    ($($name:ident $id:literal $explain:literal)*) => {
        /// The codes as constants.
        pub mod code {
            use super::Code;
            pub use super::find;
            $(#[doc = $explain] pub static $name: Code = Code { id: $id, explain: $explain };)*
        }
        /// All codes, in the order of the source.
        pub static ALL: &[&Code] = &[$(&code::$name),*];
    };
}

codes! {
    YAML_SYNTAX "yaml-syntax" "The text is not YAML. The place shown is where the parser gave up; the mistake is there or just before it (a missing quote, a wrong indent, a tab)."
    YAML_LIMIT "yaml-limit" "The document is larger, deeper or expands to more than what is read: depth 64, 250,000 nodes per document, 64 MiB per file. Split the file, or remove the alias that multiplies."
    YAML_ENCODING "yaml-encoding" "Policies are read as UTF-8. Convert the file, for example with `iconv -f latin1 -t utf8`."
    YAML_TAG "yaml-tag" "Inside a policy a YAML tag is an error, because `fail: !healthy` reads as a tag on an empty value and would be a policy without a rule. Write `healthy == false`, or put the expression into quotes or a `|` block."
    YAML_ANCHOR "yaml-anchor" "Anchors and aliases are refused inside a policy: what a policy says must stand in it. Use parameters for numbers that several rules share."
    DUPLICATE_KEY "duplicate-key" "The same key stands twice in one map. Other tools keep the last one without a word; we keep none."
    UNKNOWN_KEY "unknown-key" "The key is not one of those that this place knows. A misspelt key that is ignored is a check that does not run."
    MISSING_KEY "missing-key" "A key that has to be there is not."
    NULL_VALUE "null-value" "The key has no value. `fail:` with nothing behind it would be a policy that can never fail."
    WRONG_TYPE "wrong-type" "The value has another type than the one that this key takes."
    BAD_VALUE "bad-value" "The value has the right type and is not one that is allowed here."
    BAD_LITERAL "bad-literal" "A number with a unit is written `20%`, `7d`, `10GiB` or `10_000` in YAML values, and `20.percent`, `7.days`, `10.GiB` in expressions."
    EMPTY_INPUT "empty-input" "Nothing to judge was found: an empty file, a directory without policies, a case file without cases. Nothing judged is never success."
    UNREADABLE "unreadable" "A file that was asked for cannot be read. A policy that was not read was not judged."
    DUPLICATE_POLICY "duplicate-policy" "Two policies have one id. The id is what waivers, overrides and findings name, so it must be unique in the whole project."
    RESERVED_KEY "reserved-key" "The key belongs to a part of the language that this version does not judge yet. It is refused rather than ignored."
    UNKNOWN_PROBE "unknown-probe" "No probe has that name. `muster list probes` shows all."
    PROBE_NOT_BUILT "probe-not-built" "The probe is known, and this build of muster was made without it. Build with the cargo feature that the message names."
    UNKNOWN_FACT "unknown-fact" "The name is not a fact of the observation, a parameter, a `let` or a reserved root. A name that is not known would make a rule that never fires."
    RULE_SYNTAX "rule-syntax" "The expression is not whole. Expressions have the syntax of Rhai expressions: `a > 1 && (b == \"x\" || c != null)`."
    RULE_UNSUPPORTED "rule-unsupported" "This piece of Rhai cannot be typed, so it is not allowed in an expression. Use a script for what a threshold cannot say."
    TYPE_MISMATCH "type-mismatch" "Two values that cannot be compared or combined. Units are part of the type: bytes are not a duration, and `20` is not `20.percent`."
    NULLABLE "nullable" "The fact may be null (the source has no value), and the expression does not say what then. Write `x ?? default`, or `x != null && …`."
    NOT_BOOL "not-bool" "A condition must be true or false; this expression is something else."
    COMMENT_CUTS "comment-cuts" "In YAML ` #` begins a comment, so the rest of the expression is not part of it. Put the expression into a `|` block or into quotes. `//` and `/*` begin a comment within an expression, and are refused everywhere: YAML joins the lines of most texts, so that a comment up to the end of a line would reach to the end of the expression. Explain in a comment of YAML."
    TEMPLATE "template" "A text with holes has only `{{ expression }}`: no pipes, no blocks, and every hole is closed."
    QUOTING "quoting" "The step cannot quote this value for where it stands. In a `sql:` step names and literals are quoted, in a `shell:` step everything becomes one word."
    NO_RULE "no-rule" "A policy needs at least one of `fail`, `warn`, `script`, or `expect` as a list: without one it can never fail."
    ALERT_INCOMPLETE "alert-incomplete" "The failure of an alert policy must reach a person, so it needs an owner, an urgency, context, and a remedy with a step that can be carried out."
    BOUNDS "bounds" "A parameter stands outside the bounds (`at_least`, `at_most`) that the policy sets."
    CYCLE "cycle" "Definitions under `let` refer to each other in a circle."
    SHADOW "shadow" "The name is already taken by a fact, a parameter, a reserved root or a word that Rhai reserves."
    SCRIPT "script" "The script does not compile, calls a function that does not exist, or reads a fact that is not there."
    PLAIN_SECRET "plain-secret" "A secret stands in plain text. Secrets are references: `{ env: NAME }`, `{ file: PATH }` or `{ command: [..] }`."
    SECRET_UNSET "secret-unset" "The place that a secret reference names holds nothing."
    UNKNOWN_NAME "unknown-name" "A policy, target, owner, environment, label or command that does not exist is named here."
    UNKNOWN_CONTROL "unknown-control" "A policy names a control that no framework of the project has, or that two of them have. It would be an answer to a question that nobody asked, and the real one would stay open."
    FRAMEWORK "framework" "The framework cannot be used: an id is empty or stands twice, it holds no control, two frameworks have one name, or a `.json` file is no OSCAL catalog. Of a list that is read in half nobody could say which controls no policy answers."
    NO_TARGET "no-target" "The policy matches no target of the project, so it would never be judged."
    OVERRIDE_CONFLICT "override-conflict" "Two overrides of the same level set the same parameter to different values for the same check."
    WAIVER "waiver" "A waiver names what is waived, why, who owns it, a ticket, and the day it ends; it cannot be open-ended."
    FORMAT_VERSION "format-version" "The file was written for another version of the format than this build reads."
    USAGE "usage" "The command was called with something that does not exist or does not fit together."
    CASE "case" "A case of a policy expects something else than what the policy says."
    RECORDING "recording" "The recording cannot be used: not JSON, another format version, or without an observation that the policies ask for."
    SNAPSHOT "snapshot" "The snapshot of a gate cannot be compared with what is judged now: it was cut or edited, it was taken by another version of a policy or of a move in the project file, it is too old, or both sides are one system. What is compared with the wrong thing is equal or different by chance, so nothing is judged. Take a snapshot from the source with what judges it afterwards."
    EVIDENCE "evidence" "There is no evidence to make or to look at: the directory is there already or is none of evidence, a key does not fit, an anchor knows runs that are not there, a recording cannot be judged by the policies, or a text would hold a secret. Nothing is written."
    UNREACHABLE_RUNG "unreachable-rung" "A rung can never be reached, because an earlier one is true whenever it is."
    INVERTED_RUNGS "inverted-rungs" "`warn` is stricter than `fail`: what fails would not even warn first, so one of the two limits is the wrong way round."
    CONSTANT_CONDITION "constant-condition" "The condition reads nothing, so it is always true or always false."
    UNUSED_PARAM "unused-param" "The parameter is declared and never read. A limit that nobody reads protects nothing."
    SLOW_PAGE "slow-page" "An alert wakes a person, and its policy is judged only once a week or more seldom: what is urgent enough to page is urgent enough to look at every day."
    ALERT_ROUTE "alert-route" "An alert has an urgency for which its owner has no route in the project file, so its notice reaches nobody."
    WAIVER_EXPIRED "waiver-expired" "The waiver has ended and covers nothing any more. Remove it, or renew it with a new reason."
    WAIVER_SOON "waiver-soon" "The waiver ends within 14 days. Mend what it covers, or renew it with a new reason."
    WAIVER_WIDE "waiver-wide" "The waiver covers every policy. What nobody thought of is then waived too: name the policy, the target or the subject."
    WAIVER_REASON "waiver-reason" "The reason of the waiver explains nothing. Whoever reads it in a year must be able to tell whether it still holds."
    TARGET "target" "The entry of a target is wrong: its type, its address, or a key that this type does not have."
    CALENDAR "calendar" "The entry of a calendar is wrong: its time zone, or hours that are no hours or contradict each other. A calendar is `{ zone: Europe/Zurich, hours: \"Mon-Fri 08:00-18:00\" }`."
    HOLIDAYS "holidays" "The holiday file cannot be used: it is not iCalendar, or an event says when it is in a way that is not understood. An event that is skipped would make a day off a day like any other, so the file is refused."
    HOLIDAYS_USED_UP "holidays-used-up" "The holiday file names no day at or after today, or its single days (Easter) have come to an end while its rules (Christmas) go on. What comes now is judged as if there were no holidays: get the file of the new year."
    STORE "store" "The store of the project cannot be read or written: it is of a newer version, belongs to another program, is damaged, read-only, locked or on a full disk. Nothing in it is ever overwritten or deleted to go on."
    NO_HISTORY "no-history" "A question about the past is asked of something that has none: samples are kept of facts of an observation with `history:`."
    RELATION "relation" "A relation cannot be made: what it names is not observed, its key has unlike types on the two sides, or it relates to itself."
    REPEATED_RUNG "repeated-rung" "The same condition stands twice in one list of rungs, so the second is never reached."
    OWNERLESS_ALERT "ownerless-alert" "An alert must reach a person, and neither the policy nor the project file says whom."
    WAIVER_FAR "waiver-far" "The waiver reaches further ahead than the project allows (`max_waiver`, 400 days if left out). An exception that nobody looks at for years is a rule that nobody made."
    AREA_PREFIX "area-prefix" "The id does not begin with the area that the policy is about, so patterns such as `postgres-*` miss it."
    BARE_MESSAGE "bare-message" "The message shows no value, so it is the same text however bad it is."
    BARE_PARAM "bare-param" "The parameter is a number without a unit, without bounds and without a reason."
    COMMAND_NOT_ALLOWED "command-not-allowed" "The policy runs a command that `commands:` of the project file does not name. Nothing else is ever run, so every verdict would be unknown."
    COPIED_POLICY "copied-policy" "Another policy observes the same and judges it by the same rules under another id. Each finding comes twice, and a waiver of one covers half."
    FILE_NAME "file-name" "The only policy of a file is called otherwise than the file."
    FOREIGN_FACT "foreign-fact" "A message or a `do:` step speaks of a fact of a probe that the policy does not observe."
    HARD_CODED_LIMIT "hard-coded-limit" "A limit stands in the rule itself, so no project can change it."
    HIDDEN_CHARACTER "hidden-character" "The policy holds a character that nobody sees: a mark of direction, or one without a width. A reviewer reads another text than muster."
    IMPLIED_RUNG "implied-rung" "A rung is never reached, because an earlier one holds whenever it does. Judged with the policy's default parameters."
    IMPOSSIBLE_CONDITION "impossible-condition" "A condition can never be true, or never be false: its parts contradict each other, one of them always holds, the limit lies beyond what the fact can be, or `where` removes every row that could fail."
    IMPOSSIBLE_REGEX "impossible-regex" "A regular expression matches no text, or every text."
    MANUAL_PAGE "manual-page" "An alert wakes a person, and its remedy has no step that can be pasted."
    MANUAL_REMEDY "manual-remedy" "The remedy consists of `do:` steps only, and names no runbook."
    MERGED_SUBJECTS "merged-subjects" "The key of an observation does not tell its rows apart. Two rows with one key are `unknown: ambiguous`."
    MISSING_RUNBOOK "missing-runbook" "The runbook is a path, and no file is there."
    NO_RUNBOOK "no-runbook" "An alert wakes a person, and its remedy names no runbook."
    OPAQUE_CALL "opaque-call" "A query calls a function of the application, or one that waits. A read-only transaction does not stop what such a function does besides."
    PATIENT_PAGE "patient-page" "An alert wakes a person for what is due in a day or later, or only warns. A ticket would do."
    PLACEHOLDER "placeholder" "A text holds a placeholder that was never filled in: `<name>`, `TODO`, `$NAME`."
    QUOTED_HOLE "quoted-hole" "A hole stands inside quotes, or glued to a name, and its value is quoted already. What comes out is quoted twice, and can be taken apart by its own quotes."
    SECRET_LITERAL "secret-literal" "A secret stands in the policy: a password in an address, a key, a token. It is in the history of the repository, so it has to be changed as well as removed."
    SELECT_STAR "select-star" "A query asks for all columns. What it answers changes with the table, and what nobody judges is recorded too."
    SHORT_FOR "short-for" "An alert's `for` is shorter than the interval at which its tier is judged, so one sample decides."
    TAG_SPELLING "tag-spelling" "A tag is spelled in two ways. `--tag` selects what is spelled as it is asked for, and leaves out the rest."
    THIN_CONTEXT "thin-context" "The notice of an alert carries none of the values that are judged."
    THIN_RUNBOOK "thin-runbook" "The runbook has no section that says what to do."
    THIN_WHY "thin-why" "The `why` is too short to be a reason, or repeats the title."
    TITLE_STYLE "title-style" "The title ends with a period or repeats the id."
    UNDECIDABLE "undecidable" "An expression has no value whatever is observed: it divides by zero, or computes with constants that cannot be. The rule can only be unknown."
    UNKNOWN_LABEL_VALUE "unknown-label-value" "A condition compares the name, the type or a label of the target with a value that no target of the project has."
    UNKNOWN_OWNER "unknown-owner" "The owner of a policy is not among `owners:` of the project file."
    UNMARKED_DANGER "unmarked-danger" "A step deletes, drops or ends something, and does not say so in `danger:`."
    EMPTY_ENVIRONMENT "empty-environment" "An environment of the project chooses no target of it, so that a run with it judges nothing."
    UNMATCHED_TARGET "unmatched-target" "The policy of the project selects targets that the project does not have, so it is never judged."
    UNQUOTED_NAME "unquoted-name" "A `do:` step holds a command with a value that nothing quotes."
    WAIVER_UNUSED "waiver-unused" "The waiver names policies, targets, subjects or verdicts that cannot occur together, so it covers nothing."
    WRITING_OVERRIDE "writing-override" "An override sets SQL that does more than read. It would be refused when it is sent, which is too late to notice."
    HAND_MADE_AGE "hand-made-age" "An age is computed as `now - t`. For a time that lies ahead that is less than nothing, so that no limit finds it; `t_age` is unknown then."
    YODA_CONDITION "yoda-condition" "A comparison puts its limit before the value."
    HOUSE_RULE "house-rule" "A policy breaks a rule that the project file sets under `lints: { rules: [..] }`. The message names the rule, and its help says why the rule was agreed."
    FAULTY_ALLOW "faulty-allow" "A comment that is meant to allow something names no lint, one that does not exist, or no reason. It allows nothing. Write `# muster: allow LINT -- why it is fine here`, on the line or above it."
    UNUSED_ALLOW "unused-allow" "A comment allows a lint that finds nothing there. Remove it."
    REPEATED_TAG "repeated-tag" "A tag stands twice in the list of a policy."
    STALE_BASELINE "stale-baseline" "An entry of the baseline is about something that is no longer found: it was mended, or its line was changed. `muster lint --baseline FILE --write-baseline` writes the file anew."
    LAYOUT "layout" "The file was not formatted, because there is no layout of it that surely says the same. It is left as it is and can be used."
    BASELINE "baseline" "The baseline file cannot be used: it is no JSON, of another version, or names nothing."
    ATTESTATION "attestation" "A statement of a person cannot be used: it names no evidence and no reason why there is none, ends before it begins, or its evidence lies outside of the project. It would count as nothing, or as more than it is."
    SQL "sql" "The SQL text is refused before it is sent: it must be one SELECT without functions that change something."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        for (index, code) in ALL.iter().enumerate() {
            assert!(code.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", code.id);
            assert!(ALL.iter().skip(index + 1).all(|other| other.id != code.id), "{}", code.id);
        }
    }
}
