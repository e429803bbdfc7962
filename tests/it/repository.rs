//! A shop that is a git repository.

use std::process::{Command, Output};

use crate::harness::Shop;

/// The repository of a shop.
pub(crate) struct Repository<'s> {
    shop: &'s Shop,
}

impl<'s> Repository<'s> {
    /// Makes the folder of the shop a repository with the branch `main`.
    pub(crate) fn of(shop: &'s Shop) -> Self {
        let repository = Self { shop };
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository
    }

    /// Git in the shop, without what the machine or a hook around sets.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(words).current_dir(self.shop.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.shop.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        for name in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{name}_NAME"), "somebody")
                .env(format!("GIT_{name}_EMAIL"), "somebody@example.org");
        }
        command
    }

    /// Runs git, which must succeed.
    #[track_caller]
    pub(crate) fn git(&self, words: &[&str]) -> Output {
        let output = self.command(words).output().unwrap();
        assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Commits everything that is there.
    #[track_caller]
    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }
}
