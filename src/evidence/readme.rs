//! The page for whoever opens the directory and does not have `muster`.

use super::index::Index;
use super::names::{INDEX, KEY, MANIFEST, OSCAL, README, STATEMENT};

/// Its text.
pub(super) fn text(index: &Index) -> String {
    let Index { muster, host, made, period, runs, key, masked, .. } = index;
    let signed = match key {
        Some(key) => format!("It is signed with the Ed25519 key `{key}`."),
        None => {
            "**It is not signed.** Whoever can write the directory can write another one like it.".to_owned()
        }
    };
    let masked = if *masked {
        "\nTexts of the recordings were replaced by keyed digests: equal texts have equal digests, and no digest tells its text.\n"
    } else {
        ""
    };
    let mut text = format!(
        "# Evidence: {name}\n\n{count} runs from {from} (included) to {until} (excluded). Made by muster {muster} on `{host}` at {made}. {signed}\n{masked}\n",
        name = period.name,
        count = runs.len(),
        from = period.from,
        until = period.until,
    );
    text.push_str(&format!(
        "| file | holds |\n|---|---|\n\
         | `{MANIFEST}` | path, size and SHA-256 of every other file |\n\
         | `{INDEX}` | what this is about, and the chain of the runs |\n\
         | `runs/N.recording.json` | what was seen in a run, with the past that it was given |\n\
         | `runs/N.findings.json` | what was found in it: every check, and every finding that is not `pass` |\n\
         | `project/`, `policies/`, `editions/` | the project file and the policies as they judged; secrets are references, and their values are nowhere |\n\
         | `{OSCAL}` | the same as OSCAL assessment results; `not-satisfied` for the reason `other` is a warning, an exception, or what could not be judged: the property `verdict` says which |\n"
    ));
    if key.is_some() {
        text.push_str(&format!(
            "| `{STATEMENT}` | the signed in-toto statement (test-result) about `{MANIFEST}` |\n| `{KEY}` | the public key |\n"
        ));
    }
    besides(&mut text, index);
    text.push_str(
        "\n## With muster\n\n```sh\nmuster audit verify .                        # every file, the chain, the signature; judges every run again\n\
         muster audit verify . --key KEY.pem          # the key that you were given by somebody else\n\
         muster audit verify . --anchor ANCHOR.jsonl  # no run was cut off at the end\n```\n\n## Without muster\n\n\
         Every file is as it was listed (`sha256sum` looks at no file that is not in the list):\n\n```sh\nsha256sum --quiet -c MANIFEST\n```\n",
    );
    if key.is_some() {
        text.push_str(&format!(
            "\nThe list is the one that was signed. Compare `{KEY}` with the key that you were given first: a key that lies beside a signature proves only that nobody \
             changed something without having the key.\n\n```sh\n\
             jq -r .payload {STATEMENT} | base64 -d > /tmp/payload\n\
             jq -r '.signatures[0].sig' {STATEMENT} | base64 -d > /tmp/signature\n\
             {{ printf 'DSSEv1 28 application/vnd.in-toto+json %s ' \"$(stat -c %s /tmp/payload)\"; cat /tmp/payload; }} > /tmp/signed\n\
             openssl pkeyutl -verify -pubin -inkey {KEY} -rawin -in /tmp/signed -sigfile /tmp/signature\n\
             test \"$(jq -r '.subject[0].digest.sha256' /tmp/payload)\" = \"$(sha256sum < {MANIFEST} | cut -d' ' -f1)\" && echo the list is the one that was signed\n```\n"
        ));
    }
    text.push_str(&format!(
        "\nThe runs are a chain: `link` is the SHA-256 of five lines, the `previous` link (64 zeros before the first run), `id`, `started`, and the digests of the two files:\n\n```sh\n\
         jq -r '.runs[0] | .previous, .id, .started, .recording, .findings' {INDEX} | sha256sum\n```\n\n\
         A chain does not show that its newest runs were cut off. That is what an anchor is for: lines with the links of earlier days, kept where whoever makes the evidence cannot write.\n\n\
         This file is `{README}`.\n"
    ));
    text
}

/// The reports, which stand in the table, and what is not there.
fn besides(text: &mut String, index: &Index) {
    for name in &index.reports {
        let holds = "the audit as its maker's store told it; `verify` does not make it again";
        text.push_str(&format!("| `{name}` | {holds} |\n"));
    }
    if !index.left_out.is_empty() {
        text.push_str("\nRuns of the period that are not here:\n\n");
        index.left_out.iter().for_each(|line| text.push_str(&format!("* {line}\n")));
    }
}
