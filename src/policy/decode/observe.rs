//! Observations: probes with their arguments, declared facts and keys.

use std::sync::Arc;

use super::super::literal;
use super::super::model::{Also, Arg, Observe, Param, Selector};
use super::relations::{FROM_TARGET, of_many};
use super::{Decoder, each, items, pairs, text, texts};
use crate::diag::{Diag, code, did_you_mean};
use crate::fact::{
    Declared, Field, Pointer, ProbeDecl, SqlDialect, Type, catalogue, is_text, parse_literal, refuse_sql,
};
use crate::source::yaml::{Kind, Node};

impl Decoder<'_> {
    pub(super) fn observations(
        &mut self,
        node: Option<&Node>,
        params: &[Param],
        target: &Selector,
        also: &[Also],
    ) -> Vec<Observe> {
        each(pairs(node), |(key, value)| {
            self.free_name(key, "an observation", &|_| None);
            self.observation(key, value, params, (target, also))
        })
    }

    pub(super) fn probe(&mut self, node: &Node, target: &Selector) -> Option<&'static ProbeDecl> {
        let name = node.as_str()?;
        let Some(probe) = catalogue::find(name) else {
            let names = || catalogue::PROBES.iter().map(|probe| probe.name);
            let help =
                did_you_mean(name, names()).unwrap_or_else(|| "`muster list probes` shows all".to_owned());
            self.push(
                Diag::error(&code::UNKNOWN_PROBE, format!("there is no probe `{name}`"))
                    .at(&node.loc, "")
                    .help(help),
            );
            return None;
        };
        if !probe.is_built() {
            let feature = probe.feature.unwrap_or("");
            let diag =
                Diag::error(&code::PROBE_NOT_BUILT, format!("this build of muster lacks the probe `{name}`"));
            self.push(diag.at(&node.loc, "").help(format!("build it with the cargo feature `{feature}`")));
        }
        let known = |kind: &str| catalogue::TARGET_TYPES.iter().any(|(name, _)| *name == kind);
        let strange = target.kinds().find(|kind| known(kind) && !probe.targets.contains(&&***kind));
        if let Some(kind) = strange {
            let message = format!("`{name}` cannot ask a target of type `{kind}`");
            let help = format!("it asks targets of type {}", probe.targets.join(", "));
            self.push(
                Diag::error(&code::TARGET, message)
                    .at(&node.loc, "")
                    .at(&target.loc, "the target is selected here")
                    .help(help),
            );
        }
        Some(probe)
    }

    pub(super) fn observation(
        &mut self,
        key: &Node,
        node: &Node,
        params: &[Param],
        (target, also): (&Selector, &[Also]),
    ) -> Option<Observe> {
        let (on, target) = self.on(node, target, also);
        let probe = self.probe(node.get("probe")?, target)?;
        let args = self.args(node, probe, params);
        let pointers = self.pointers(node, probe);
        // Without its facts every rule that reads one would be called wrong as well.
        if probe.declared == Declared::Required && node.get("facts").is_none() {
            return None;
        }
        let names = self.key(node, probe, &pointers);
        let fields: Vec<Field> = pointers
            .iter()
            .map(|(pointer, reads)| Field {
                null_reads: reads.clone().or_else(|| Some(Arc::from("none"))),
                ..Field::declared(&pointer.name, pointer.ty.clone())
            })
            .collect();
        let asked = probe.shared_schema(&fields, &names);
        let many = on.and_then(|index| also.get(index)).is_some_and(|also| also.many);
        if many && asked.position(FROM_TARGET).is_some() {
            let message = format!("the fact `{FROM_TARGET}` is that of rows of several targets");
            self.push(Diag::error(&code::SHADOW, message).at(&node.loc, "").help("choose another name"));
        }
        if many && target.has("host") && probe.name != "command.output" {
            let message = "every target of type `host` is the machine that muster runs on, so `many` would see it several times";
            let help = "let `command.output` ask each of them (it knows `MUSTER_TARGET`), or take another type of target";
            self.push(Diag::error(&code::RELATION, message).at(&node.loc, "").help(help));
        }
        let schema = if many { Arc::new(of_many(&asked)) } else { Arc::clone(&asked) };
        let before = self.before(node, many);
        let history = self.history_spec(node, many);
        Some(Observe {
            name: text(Some(key))?,
            probe,
            args,
            asked,
            schema,
            on,
            before,
            history,
            pointers: pointers.into_iter().map(|(pointer, _)| pointer).collect(),
            max_age: node
                .get("max_age")
                .and_then(|age| literal::typed(age, &Type::DURATION).ok())
                .and_then(|age| age.as_int()),
            exact: node.get("accept").is_some(),
            private: self.private(node, probe, &fields),
            loc: key.loc.clone(),
        })
    }

    /// Facts that are masked where they are recorded. What is no text cannot be masked, and must not pass for it.
    fn private(&mut self, node: &Node, probe: &ProbeDecl, declared: &[Field]) -> Vec<Arc<str>> {
        let schema = probe.shared_schema(declared, &[]);
        let mut names = Vec::new();
        for name in items(node.get("private")) {
            let word = name.as_str().unwrap_or("");
            let field = schema.field(word);
            if field.is_some_and(|field| is_text(&field.ty)) {
                names.push(Arc::from(word));
                continue;
            }
            let texts = schema.fields.iter().filter(|field| is_text(&field.ty)).map(|field| &*field.name);
            let message = match field {
                Some(field) => format!("`{word}` is {}, and only texts are masked", field.ty),
                None => format!("`{}` has no fact `{word}`", probe.name),
            };
            let help = did_you_mean(word, texts.clone())
                .unwrap_or_else(|| format!("its texts are {}", texts.collect::<Vec<_>>().join(", ")));
            self.push(Diag::error(&code::UNKNOWN_FACT, message).at(&name.loc, "").help(help));
        }
        names
    }

    pub(super) fn args(
        &mut self,
        node: &Node,
        probe: &ProbeDecl,
        params: &[Param],
    ) -> Vec<(Arc<str>, Arg, Type)> {
        let mut args: Vec<(Arc<str>, Arg, Type)> = Vec::with_capacity(pairs(node.get("with")).len());
        for (key, value) in pairs(node.get("with")) {
            let word = key.as_str().unwrap_or("");
            let Some(decl) = probe.params.iter().find(|param| param.name == word) else {
                let names = || probe.params.iter().map(|param| param.name);
                let known = names().collect::<Vec<_>>().join(", ");
                let help =
                    did_you_mean(word, names()).unwrap_or_else(|| format!("its arguments are {known}"));
                self.push(
                    Diag::error(&code::UNKNOWN_KEY, format!("`{}` takes no `{word}`", probe.name))
                        .at(&key.loc, "")
                        .help(help),
                );
                continue;
            };
            let ty = decl.ty.ty();
            if let Some(arg) = self.arg(value, &ty, params) {
                args.push((Arc::from(word), arg, ty));
            }
        }
        for decl in probe.params {
            if args.iter().any(|(name, _, _)| &**name == decl.name)
                || pairs(node.get("with")).iter().any(|(key, _)| key.as_str() == Some(decl.name))
            {
                continue;
            }
            let ty = decl.ty.ty();
            if let Some(Ok(value)) = decl.default.map(|default| parse_literal(default, &ty)) {
                args.push((Arc::from(decl.name), Arg::Value(value), ty));
            } else if decl.required {
                let diag = Diag::error(
                    &code::MISSING_KEY,
                    format!("`{}` needs `with: {{ {}: … }}`", probe.name, decl.name),
                );
                self.push(
                    diag.at(&node.loc, "")
                        .help(format!("`{}`: {}, for example `{}`", decl.name, decl.doc, decl.example)),
                );
            }
        }
        self.guard_sql(node, probe, params);
        args.sort_by(|a, b| a.0.cmp(&b.0));
        args
    }

    pub(super) fn guard_sql(&mut self, node: &Node, probe: &ProbeDecl, params: &[Param]) {
        let Some(sql) = node.get("with").and_then(|with| with.get("sql")) else { return };
        let Some(dialect) = SqlDialect::of_probe(probe.name) else { return };
        // Of a parameter, its default; the probe itself refuses what a project sets instead.
        let param = sql.as_str().and_then(|text| text.strip_prefix("params."));
        let text = match param {
            Some(name) => {
                params.iter().find(|param| &*param.name == name).and_then(|param| param.default.as_text())
            }
            None => sql.as_str(),
        };
        if let Some(why) = text.and_then(|text| refuse_sql(text, dialect)) {
            self.push(
                Diag::error(&code::SQL, why)
                    .at(&sql.loc, "")
                    .help("looking must change nothing: write one SELECT"),
            );
        }
    }

    pub(super) fn arg(&mut self, value: &Node, ty: &Type, params: &[Param]) -> Option<Arg> {
        if let Some(name) = value.as_str().and_then(|text| text.strip_prefix("params.")) {
            let Some(index) = params.iter().position(|param| &*param.name == name) else {
                let names = params.iter().map(|param| &*param.name);
                let diag = Diag::error(&code::UNKNOWN_FACT, format!("there is no parameter `{name}`"))
                    .at(&value.loc, "");
                self.push(diag.maybe_help(did_you_mean(name, names)));
                return None;
            };
            let given = params.get(index).map(|param| &param.ty)?;
            if !fits(given, ty) {
                let message = format!("the parameter is {given}, and {ty} is needed");
                self.push(Diag::error(&code::TYPE_MISMATCH, message).at(&value.loc, ""));
                return None;
            }
            return Some(Arg::Param(index));
        }
        if matches!(&value.kind, Kind::Seq(items) if items.is_empty()) {
            let diag = Diag::error(&code::BAD_VALUE, "the list is empty").at(&value.loc, "");
            self.push(diag.help("leave the argument out, or name what it is about: an empty list looks at nothing, or at everything"));
            return None;
        }
        self.keep(literal::typed(value, ty)).map(Arg::Value)
    }

    pub(super) fn pointers(&mut self, node: &Node, probe: &ProbeDecl) -> Vec<(Pointer, Option<Arc<str>>)> {
        let declared = node.get("facts");
        if probe.declared == Declared::Required && declared.is_none() {
            let diag = Diag::error(
                &code::MISSING_KEY,
                format!("`{}` needs `facts:` with the type of each column", probe.name),
            );
            self.push(diag.at(&node.loc, "").help("for example `facts: { path: text, size: bytes }`"));
        }
        if let (Declared::No, Some(facts)) = (probe.declared, declared) {
            let diag = Diag::error(&code::UNKNOWN_KEY, format!("the facts of `{}` are fixed", probe.name));
            self.push(diag.at(&facts.loc, "").help(format!("`muster explain {}` lists them", probe.name)));
        }
        let mut pointers = Vec::new();
        for (key, value) in pairs(declared) {
            let fixed = |word: &str| {
                probe.facts.iter().any(|fact| fact.name == word).then_some("a fact of the probe")
            };
            self.free_name(key, "a fact", &fixed);
            let (Some(name), Some(ty_node)) = (text(Some(key)), value.get("type").or(Some(value))) else {
                continue;
            };
            let written = ty_node.as_str().unwrap_or("");
            let Some(ty) = Type::parse(written) else {
                let diag =
                    Diag::error(&code::BAD_VALUE, format!("`{written}` is not a type")).at(&ty_node.loc, "");
                let all = Type::names().collect::<Vec<_>>().join(", ");
                self.push(
                    diag.help(
                        did_you_mean(written.trim_end_matches('?'), Type::names())
                            .unwrap_or_else(|| format!("types are {all}; `?` makes one nullable")),
                    ),
                );
                continue;
            };
            let at = text(value.get("at")).unwrap_or_else(|| Arc::clone(&name));
            pointers.push((Pointer { name, ty, at, unit: text(value.get("unit")) }, text(value.get("null"))));
        }
        pointers
    }

    pub(super) fn key(
        &mut self,
        node: &Node,
        probe: &ProbeDecl,
        pointers: &[(Pointer, Option<Arc<str>>)],
    ) -> Vec<Arc<str>> {
        let names = texts(node.get("key"));
        for item in items(node.get("key")) {
            let word = item.as_str().unwrap_or("");
            if !pointers.iter().any(|(pointer, _)| &*pointer.name == word)
                && !probe.facts.iter().any(|fact| fact.name == word)
            {
                let fixed = probe.facts.iter().map(|fact| fact.name);
                let known: Vec<&str> = fixed.chain(pointers.iter().map(|(p, _)| &*p.name)).collect();
                let help = did_you_mean(word, known.iter().copied())
                    .unwrap_or_else(|| format!("facts are {}", known.join(", ")));
                self.push(
                    Diag::error(&code::UNKNOWN_FACT, format!("the key names `{word}`, which is not a fact"))
                        .at(&item.loc, "")
                        .help(help),
                );
            }
        }
        if names.is_empty() && probe.key.is_empty() && probe.rows == crate::fact::Rows::Many {
            let diag = Diag::error(&code::MISSING_KEY, "the rows need a `key`").at(&node.loc, "");
            self.push(diag.help("name the facts that tell the rows apart: `key: [path]`; findings, waivers and overrides name subjects by it"));
        }
        names
    }
}

/// Does a parameter of one type fit an argument of another?
fn fits(given: &Type, wanted: &Type) -> bool {
    match (given, wanted) {
        (Type::List(a), Type::List(b)) => fits(a, b),
        (a, b) if a.is_text() && b.is_text() => true,
        (a, b) => a == b,
    }
}
