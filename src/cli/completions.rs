//! `muster completions`: what a shell needs to complete commands and options.

use clap::{Args, CommandFactory};

use super::exit;
use super::output::{Done, say};

/// Prints completions for a shell
#[derive(Args)]
#[command(after_help = "Examples:
  muster completions bash > ~/.local/share/bash-completion/completions/muster
  muster completions zsh > ~/.zfunc/_muster
  muster completions fish > ~/.config/fish/completions/muster.fish")]
pub(super) struct Arguments {
    /// The shell
    shell: clap_complete::Shell,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "muster", &mut script);
    say(&String::from_utf8_lossy(&script))?;
    Ok(exit::GOOD)
}
