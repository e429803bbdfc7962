//! A process that removes a canary when muster can no longer do it.
//!
//! It waits at a pipe whose other end only muster has. A word tells it that all is done. When muster ends without that word, in
//! whatever way (SIGKILL too), the kernel closes the pipe, and the guardian carries out the step that removes the canary.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use super::step::TOKEN;
use crate::fact::{Cause, Missing};
use crate::probe::command::child::{INHERITED, TARGET};

/// Reads one word; without it the rest of the line is run.
const WAIT: &str = r#"read -r word && [ "$word" = done ] && exit 0; exec "$@""#;

/// While it lives, the canary is removed at the end of muster.
pub(super) struct Guardian(Option<Child>);

impl Guardian {
    /// Before the canary is there.
    pub(super) fn new(words: &[String], target: &str, token: &str) -> Result<Self, Missing> {
        let mut command = Command::new("/bin/sh");
        // In a group of its own: what is typed at the terminal, or ends the group of muster, does not end it.
        command.args(["-c", WAIT, "muster-canary"]).args(words).process_group(0);
        command.env_clear().env(TARGET, target).env(TOKEN, token);
        for name in INHERITED {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // Its words would go to a pipe that nobody reads any more, which would end it.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| {
            let what =
                format!("nothing was enqueued, because nobody could have removed it: /bin/sh: {error}");
            Missing::new(Cause::Unsupported, what)
        })?;
        Ok(Self(Some(child)))
    }

    /// The canary is removed already.
    pub(super) fn done(mut self) {
        if let Some(child) = &mut self.0
            && let Some(mut pipe) = child.stdin.take()
        {
            // It fails if it was ended; then there is nobody to be told.
            pipe.write_all(b"done\n").ok();
        }
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        drop(child.stdin.take());
        // Nobody waits for it; a thread takes its end, so that it leaves no entry behind while muster goes on.
        std::thread::Builder::new().spawn(move || child.wait().is_ok()).ok();
    }
}
