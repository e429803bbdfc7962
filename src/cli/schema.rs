//! `muster schema`: the JSON Schemas of the files that people write and tools read.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value as Json;

use crate::diag::did_you_mean;
use crate::policy::schema;

use super::exit;
use super::output::{Done, Problem, say, write_file};

/// Prints or writes the JSON Schemas of policies, projects, cases, recordings and reports
#[derive(Args)]
#[command(after_help = "Examples:
  muster schema                          which there are
  muster schema policy                   one of them
  muster schema --out schemas/           all, as files
  muster schema policy --out .vscode/

An editor that speaks YAML reads it from a first line such as
  # yaml-language-server: $schema=schemas/policy.schema.json")]
pub(super) struct Arguments {
    /// Which schema
    name: Option<String>,
    /// Write files into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// `policy` of `policy.schema.json`.
fn short(file: &str) -> &str {
    file.split('.').next().unwrap_or(file)
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let all = schema::all();
    let wanted = match &arguments.name {
        None => all,
        Some(name) => one(all, name)?,
    };
    let text = |schema: &Json| format!("{schema:#}\n");
    if let Some(folder) = &arguments.out {
        std::fs::create_dir_all(folder).map_err(|error| {
            let message = format!("`{}` cannot be made: {error}", folder.display());
            Problem::usage(message, "nothing was written")
        })?;
        for (file, schema) in &wanted {
            write_file(&folder.join(file), &text(schema))?;
        }
        let names: Vec<String> =
            wanted.iter().map(|(file, _)| folder.join(file).display().to_string()).collect();
        say(&format!("wrote {}\n", names.join(", ")))?;
    } else if arguments.name.is_some() {
        say(&wanted.iter().map(|(_, schema)| text(schema)).collect::<String>())?;
    } else {
        let line = |(file, schema): &(&str, Json)| {
            format!("{:9}  {}\n", short(file), schema.get("title").and_then(Json::as_str).unwrap_or(""))
        };
        say(&wanted.iter().map(line).collect::<String>())?;
    }
    Ok(exit::GOOD)
}

fn one(all: Vec<(&'static str, Json)>, name: &str) -> Result<Vec<(&'static str, Json)>, Problem> {
    let names: Vec<&str> = all.iter().map(|(file, _)| short(file)).collect();
    let help = did_you_mean(name, names.iter().copied())
        .unwrap_or_else(|| format!("schemas are {}", names.join(", ")));
    let found: Vec<_> = all.into_iter().filter(|(file, _)| *file == name || short(file) == name).collect();
    if found.is_empty() {
        Err(Problem::usage(format!("there is no schema `{name}`"), help))
    } else {
        Ok(found)
    }
}
