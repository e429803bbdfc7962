//! Holiday files that cannot be used stop every command: exit code 2, with file, place and help.

use std::os::unix::fs::symlink;

use crate::harness::{Run, Shop};

const DAY: &str = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Neujahr\nDTSTART;VALUE=DATE:20990101\nEND:VEVENT\nEND:VCALENDAR\n";

fn shop(holidays: &str) -> Shop {
    let shop = Shop::new();
    shop.project(&format!(
        "policies: [policies/]\ntargets:\n  here: {{ type: host }}\ncalendars:\n  shop: {{ zone: Europe/Zurich, hours: Mon-Sat 09:00-17:00, holidays: {holidays} }}\n"
    ));
    shop.policy(
        "here",
        "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: @SHOP@/muster.yaml } } }\neach: file\nfail: exists == false\n",
    );
    shop
}

/// What `check` says of the holiday file with this content.
#[track_caller]
fn refused(content: &[u8]) -> Run {
    let shop = shop("holidays.ics");
    shop.bytes("holidays.ics", content);
    let run = shop.run(&["check"]).exits(2);
    assert!(!run.stdout.contains("pass"), "{}", run.stdout);
    run
}

#[test]
fn a_good_file_is_read_from_the_folder_of_the_project() {
    let shop = shop("calendars/holidays.ics");
    shop.file("calendars/holidays.ics", DAY).file("below/x", "");
    shop.run(&["check"]).exits(0);
    let mut command = shop.command(&["check"]);
    Run::of(command.current_dir(shop.at("below")).spawn().unwrap()).exits(0);
}

#[test]
fn a_missing_or_unreadable_file_is_wrong_input() {
    let missing = shop("holidays.ics").run(&["check"]).exits(2);
    missing
        .says("holidays.ics`: it does not exist")
        .says("muster.yaml:6:")
        .says("folder of the project file");
    let shop = shop("holidays.ics");
    std::fs::create_dir(shop.at("holidays.ics")).unwrap();
    shop.run(&["check"]).exits(2).says("it is a directory");
    std::fs::remove_dir(shop.at("holidays.ics")).unwrap();
    symlink("holidays.ics", shop.at("holidays.ics")).unwrap();
    shop.run(&["check"]).exits(2).says("cannot read");
    std::fs::remove_file(shop.at("holidays.ics")).unwrap();
    symlink("/dev/zero", shop.at("holidays.ics")).unwrap();
    shop.run(&["check"]).exits(2).says("it is not a regular file");
}

#[test]
fn an_empty_or_malformed_file_is_wrong_input() {
    refused(b"").says("holidays.ics` is empty").says("an iCalendar file with events");
    refused(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").says("names no holiday");
    refused(b"<!DOCTYPE html>\n").says("holidays.ics:1:1").says("not a line of iCalendar");
    refused(DAY.replace("END:VEVENT\nEND:VCALENDAR\n", "").as_bytes())
        .says("holidays.ics:2:1")
        .says("`BEGIN:VEVENT` is never ended")
        .says("export it again");
    refused(DAY.replace("20990101", "20990101\nRRULE:FREQ=LUNAR").as_bytes())
        .says("the event `Neujahr`: its rule cannot be followed")
        .says("holidays.ics:5:7")
        .says("the holiday file is named here");
    refused(b"BEGIN:VCALENDAR\nX-WR-CALNAME:Gr\xFC\xDFe\n").says("UTF-8");
    refused(&vec![b'\n'; (4 << 20) + 1]).says("is larger than");
}

#[test]
fn every_command_that_reads_the_project_refuses_it() {
    for arguments in [&["check"][..], &["lint"], &["test"], &["doctor"]] {
        let run = shop("none.ics").run(arguments).exits(2);
        // `lint` shows what is wrong as its result.
        let said = if arguments == ["lint"] { &run.stdout } else { &run.stderr };
        assert!(said.contains("none.ics`: it does not exist"), "{arguments:?}: {run:#?}");
    }
}

#[test]
fn a_file_of_past_years_is_linted() {
    let shop = shop("holidays.ics");
    shop.file("holidays.ics", &DAY.replace("2099", "2019"));
    let run = shop.run(&["lint"]);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains("the newest holiday of the calendar `shop` was on 2019-01-01"), "{said}");
}
