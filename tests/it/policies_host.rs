//! The policies of `builtin:host` and `builtin:backup` on real files and file systems: a defect, a healthy
//! counterpart, the remedy carried out.

use std::os::unix::fs::PermissionsExt;

use crate::harness::Shop;
use crate::remedy::{Mounts, about, aged, carry_out, judge, rank, shop, words};

const HOST: &str = "targets: { box: { type: host } }\n";

fn shown(shop: &Shop, path: &str) -> String {
    shop.at(path).display().to_string()
}

/// A shop on whose folder `vol` a file system of its own is mounted.
fn volume(policy: &str, set: &str, options: &str) -> (Shop, Mounts, String) {
    let rest = if set.is_empty() {
        HOST.to_owned()
    } else {
        format!("{HOST}overrides: [{{ policy: {policy}, set: {{ {set} }} }}]\n")
    };
    let shop = shop("host", &rest);
    std::fs::create_dir(shop.at("vol")).unwrap();
    let (mounts, path) = (Mounts::new(), shown(&shop, "vol"));
    mounts.sh(&format!("mount -t tmpfs -o {options} tmpfs {path}"));
    (shop, mounts, path)
}

#[test]
fn disk_space() {
    let (shop, mounts, vol) = volume("disk-space", "", "size=64m");
    let fill = |mib: u32| mounts.sh(&format!("head -c {mib}M /dev/zero >{vol}/big"));
    fill(32);
    assert_eq!(mounts.judge(&shop, "disk-space").verdict_of("disk-space", &vol), "pass");
    fill(48);
    assert_eq!(mounts.judge(&shop, "disk-space").verdict_of("disk-space", &vol), "warn");
    fill(63);
    let full = about(&mounts.judge(&shop, "disk-space").exits(1), "disk-space", &vol);
    assert_eq!(rank(&full), ["fail", "critical", "page"]);
    fill(60);
    let full = about(&mounts.judge(&shop, "disk-space").exits(1), "disk-space", &vol);
    assert_eq!(rank(&full), ["fail", "high", "ticket"]);
    assert!(full["message"].as_str().unwrap().ends_with("4 MiB of 64 MiB are free"), "{full:#}");
    // The steps show what takes the space; the last one says to remove it.
    let steps = mounts.carry_out(&full);
    assert!(steps[0].contains("60M"), "{steps:?}");
    assert!(words(&full)[0].starts_with("Remove or move away"), "{full:#}");
    mounts.sh(&format!("rm {vol}/big"));
    assert_eq!(mounts.judge(&shop, "disk-space").verdict_of("disk-space", &vol), "pass");
}

#[test]
fn disk_space_names_large_files_and_deleted_ones_that_are_held() {
    let (shop, mounts, vol) = volume("disk-space", "", "size=160m");
    mounts.sh(&format!("head -c 150M /dev/zero >{vol}/big"));
    let full = about(&mounts.judge(&shop, "disk-space").exits(1), "disk-space", &vol);
    let steps = mounts.carry_out(&full);
    assert!(steps[1].contains(&format!("{vol}/big")), "{steps:?}");
}

#[test]
fn disk_inodes() {
    let (shop, mounts, vol) = volume("disk-inodes", "", "size=8m,nr_inodes=200");
    assert_eq!(mounts.judge(&shop, "disk-inodes").verdict_of("disk-inodes", &vol), "pass");
    mounts.sh(&format!("mkdir {vol}/many && cd {vol}/many && touch $(seq 150)"));
    assert_eq!(mounts.judge(&shop, "disk-inodes").verdict_of("disk-inodes", &vol), "warn");
    mounts.sh(&format!("cd {vol}/many && touch $(seq 190)"));
    let run = mounts.judge(&shop, "disk-inodes").exits(1);
    let none_left = about(&run, "disk-inodes", &vol);
    assert_eq!(rank(&none_left)[0], "fail");
    // The step shows the directory that holds most of them; the next one says to remove them.
    let steps = mounts.carry_out(&none_left);
    assert!(steps[0].contains(&format!("{vol}/many")), "{steps:?}");
    mounts.sh(&format!("rm -r {vol}/many"));
    assert_eq!(mounts.judge(&shop, "disk-inodes").verdict_of("disk-inodes", &vol), "pass");
}

#[test]
fn disk_mounted() {
    let shop = shop(
        "host",
        &format!("{HOST}overrides: [{{ policy: disk-mounted, set: {{ paths: [/proc, '@SHOP@/vol'] }} }}]\n"),
    );
    std::fs::create_dir(shop.at("vol")).unwrap();
    let (mounts, vol) = (Mounts::new(), shown(&shop, "vol"));
    shop.file("fstab", "tmpfs @SHOP@/vol tmpfs size=1m 0 0\n");
    let run = mounts.judge(&shop, "disk-mounted").exits(1);
    assert_eq!(run.verdict_of("disk-mounted", "/proc"), "pass");
    let missing = about(&run, "disk-mounted", &vol);
    assert_eq!(rank(&missing), ["fail", "critical", "page"]);
    // The shell step as it is, only with the fstab of the shop.
    let step = crate::remedy::shell_steps(&missing)[0].clone();
    mounts.sh(&format!("export LIBMOUNT_FSTAB={}; {step}", shown(&shop, "fstab")));
    mounts.judge(&shop, "disk-mounted").exits(0);
}

#[test]
fn disk_mounted_is_no_pass_before_volumes_are_named() {
    let run = judge(&shop("host", HOST), "disk-mounted").exits(4);
    assert_eq!(run.verdict("disk-mounted"), "skipped");
    let shop = shop(
        "host",
        &format!("{HOST}overrides: [{{ policy: disk-mounted, set: {{ paths: [/not-there] }} }}]\n"),
    );
    assert_eq!(judge(&shop, "disk-mounted").exits(3).cause("disk-mounted"), "absent");
}

#[test]
fn disk_read_only() {
    let (shop, mounts, vol) = volume("disk-read-only", "", "size=1m,ro");
    let run = mounts.judge(&shop, "disk-read-only").exits(1);
    let broken = about(&run, "disk-read-only", &vol);
    assert_eq!(rank(&broken), ["fail", "critical", "page"]);
    mounts.carry_out(&broken);
    assert_eq!(mounts.judge(&shop, "disk-read-only").verdict_of("disk-read-only", &vol), "pass");
}

#[test]
fn disk_read_only_on_purpose() {
    let (shop, mounts, vol) = volume("disk-read-only", "intended: ['@SHOP@/vol']", "size=1m,ro");
    let run = mounts.judge(&shop, "disk-read-only");
    assert!(!run.findings().iter().any(|finding| finding["subject"]["shown"] == *vol), "{}", run.stdout);
}

#[test]
fn files_present() {
    let paths = "paths: ['@SHOP@/uploads/a.jpg', '@SHOP@/shop.conf']";
    let shop = shop("host", &format!("{HOST}overrides: [{{ policy: files-present, set: {{ {paths} }} }}]\n"));
    shop.file("shop.conf", "");
    let run = judge(&shop, "files-present").exits(1);
    let (gone, empty) = (shown(&shop, "uploads/a.jpg"), shown(&shop, "shop.conf"));
    let missing = about(&run, "files-present", &gone);
    assert_eq!(missing["message"], format!("{gone} is not there (what is missing: the directory)"));
    assert_eq!(run.verdict_of("files-present", &empty), "fail");
    let steps = carry_out(&missing);
    assert!(steps[0].contains("uploads - No such file or directory"), "{steps:?}");
    // What the last step says: bring the files back.
    shop.file("uploads/a.jpg", "jpeg").file("shop.conf", "port = 1\n");
    assert_eq!(judge(&shop, "files-present").exits(0).verdict("files-present"), "pass");
}

#[test]
fn files_permissions() {
    let key = "my key's.pem";
    let rest =
        format!("{HOST}overrides: [{{ policy: files-permissions, set: {{ paths: [\"@SHOP@/{key}\"] }} }}]\n");
    let shop = shop("host", &rest);
    let path = shown(&shop, key);
    let gone = about(&judge(&shop, "files-permissions").exits(0), "files-permissions", &path);
    assert_eq!(rank(&gone)[0], "warn");
    shop.file(key, "secret");
    for (mode, expected) in [(0o644, ["fail", "critical", ""]), (0o640, ["fail", "high", ""])] {
        std::fs::set_permissions(shop.at(key), std::fs::Permissions::from_mode(mode)).unwrap();
        let open = about(&judge(&shop, "files-permissions").exits(1), "files-permissions", &path);
        assert_eq!(rank(&open), expected);
        carry_out(&open);
        assert_eq!(judge(&shop, "files-permissions").exits(0).verdict("files-permissions"), "pass");
    }
}

#[test]
fn log_size() {
    let shop =
        shop("host", &format!("{HOST}overrides: [{{ policy: log-size, set: {{ root: '@SHOP@/log' }} }}]\n"));
    shop.file("log/other", "line\n").file("log/a b.log", "");
    let (root, log) = (shown(&shop, "log"), shop.at("log/a b.log"));
    // Sparse: large without taking the space.
    let grow =
        |gib: u64| std::fs::File::options().write(true).open(&log).unwrap().set_len(gib << 30).unwrap();
    assert_eq!(judge(&shop, "log-size").exits(0).verdict("log-size"), "pass");
    grow(2);
    assert_eq!(judge(&shop, "log-size").exits(0).verdict_of("log-size", &root), "warn");
    grow(11);
    let huge = about(&judge(&shop, "log-size").exits(1), "log-size", &root);
    assert_eq!(rank(&huge)[0], "fail");
    let steps = carry_out(&huge);
    assert!(steps[0].contains("11G"), "{steps:?}");
    assert_eq!(judge(&shop, "log-size").exits(0).verdict("log-size"), "pass");
    std::fs::remove_dir_all(shop.at("log")).unwrap();
    assert_eq!(judge(&shop, "log-size").exits(3).cause("log-size"), "absent");
}

#[test]
fn stale_temp_files() {
    let set = "globs: ['@SHOP@/tmp/*'], most: 5";
    let shop =
        shop("host", &format!("{HOST}overrides: [{{ policy: stale-temp-files, set: {{ {set} }} }}]\n"));
    shop.file("tmp/new", "").file("tmp/old one", "").file("tmp/.old", "").file("tmp/dir/x", "");
    let glob = shown(&shop, "tmp/*");
    assert_eq!(judge(&shop, "stale-temp-files").exits(0).verdict("stale-temp-files"), "pass");
    for old in ["tmp/old one", "tmp/.old", "tmp/dir/x", "tmp/dir"] {
        aged(&shop.at(old), 40 * 24);
    }
    let stale = about(&judge(&shop, "stale-temp-files").exits(0), "stale-temp-files", &glob);
    assert_eq!(rank(&stale)[0], "warn");
    let steps = carry_out(&stale);
    assert_eq!(steps[0].lines().count(), 3, "{steps:?}");
    let left: Vec<_> =
        std::fs::read_dir(shop.at("tmp")).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(left, ["new"]);
    assert_eq!(judge(&shop, "stale-temp-files").exits(0).verdict("stale-temp-files"), "pass");
    for number in 0..6 {
        shop.file(&format!("tmp/{number}"), "");
    }
    let many = about(&judge(&shop, "stale-temp-files").exits(1), "stale-temp-files", &glob);
    // All are new, so no step removes anything; the last one says to mend the program that leaves them.
    carry_out(&many);
    assert_eq!(words(&many).len(), 1);
    (0..6).for_each(|number| std::fs::remove_file(shop.at(&format!("tmp/{number}"))).unwrap());
    assert_eq!(judge(&shop, "stale-temp-files").exits(0).verdict("stale-temp-files"), "pass");
}

fn backups(policy: &str, more: &str) -> (Shop, String) {
    let set = format!("globs: ['@SHOP@/backup/*.dump']{more}");
    let shop = shop("backup", &format!("{HOST}overrides: [{{ policy: {policy}, set: {{ {set} }} }}]\n"));
    let glob = shown(&shop, "backup/*.dump");
    (shop, glob)
}

/// A backup of so many hours ago.
fn backup(shop: &Shop, name: &str, size: usize, hours: i64) {
    shop.bytes(&format!("backup/{name}.dump"), &vec![b'x'; size]);
    aged(&shop.at(&format!("backup/{name}.dump")), hours);
}

#[test]
fn backup_fresh() {
    let (shop, glob) = backups("backup-fresh", "");
    assert_eq!(judge(&shop, "backup-fresh").exits(3).cause("backup-fresh"), "absent");
    shop.file("backup/README", "dumps of the shop");
    let none = about(&judge(&shop, "backup-fresh").exits(1), "backup-fresh", &glob);
    assert_eq!(rank(&none), ["fail", "critical", "page"]);
    backup(&shop, "a", 5_000, 100);
    let old = about(&judge(&shop, "backup-fresh").exits(1), "backup-fresh", &glob);
    assert_eq!(rank(&old), ["fail", "critical", "page"]);
    backup(&shop, "b", 5_000, 27);
    let late = about(&judge(&shop, "backup-fresh").exits(1), "backup-fresh", &glob);
    assert_eq!(rank(&late), ["fail", "critical", "ticket"]);
    let steps = carry_out(&late);
    assert!(steps[0].contains("b.dump"), "{steps:?}");
    // What the last step says: start the job by hand.
    backup(&shop, "c", 5_000, 0);
    assert_eq!(judge(&shop, "backup-fresh").exits(0).verdict("backup-fresh"), "pass");
}

#[test]
fn backup_size() {
    let (shop, glob) = backups("backup-size", "");
    shop.file("backup/README", "dumps of the shop");
    assert_eq!(judge(&shop, "backup-size").exits(1).verdict_of("backup-size", &glob), "fail");
    backup(&shop, "a", 9_000, 24);
    assert_eq!(judge(&shop, "backup-size").exits(0).verdict("backup-size"), "pass");
    backup(&shop, "b", 4_000, 12);
    assert_eq!(judge(&shop, "backup-size").exits(0).verdict_of("backup-size", &glob), "warn");
    backup(&shop, "c", 20, 1);
    let small = about(&judge(&shop, "backup-size").exits(1), "backup-size", &glob);
    assert_eq!(rank(&small)[..2], ["fail", "critical"]);
    let steps = carry_out(&small);
    assert!(steps[0].contains("c.dump"), "{steps:?}");
    // What the last step says: mend the cause and make a new backup.
    backup(&shop, "d", 9_100, 0);
    assert_eq!(judge(&shop, "backup-size").exits(0).verdict("backup-size"), "pass");
}

#[test]
fn backup_retention() {
    let (shop, glob) = backups("backup-retention", ", most: 9");
    shop.file("backup/README", "dumps of the shop");
    (0..3).for_each(|day| backup(&shop, &format!("day {day}"), 2_000, 24 * day));
    let few = about(&judge(&shop, "backup-retention").exits(1), "backup-retention", &glob);
    assert_eq!(rank(&few)[0], "fail");
    assert_eq!(
        words(&few),
        [
            "Let the job keep 7 backups that reach back 6d; bring removed ones back from the other copy if there is one."
        ]
    );
    (10..16).for_each(|hour| backup(&shop, &format!("hour {hour}"), 2_000, hour));
    let young = about(&judge(&shop, "backup-retention").exits(1), "backup-retention", &glob);
    assert!(young["message"].as_str().unwrap().contains("reach back only 2d"), "{young:#}");
    // What the step says: the other copy has older ones.
    (10..16).for_each(|hour| std::fs::remove_file(shop.at(&format!("backup/hour {hour}.dump"))).unwrap());
    (3..8).for_each(|day| backup(&shop, &format!("day {day}"), 2_000, 24 * day));
    assert_eq!(judge(&shop, "backup-retention").exits(0).verdict("backup-retention"), "pass");
    // An old file that is no backup must not be in the list of what can be removed.
    aged(&shop.at("backup/README"), 24 * 400);
    (8..12).for_each(|day| backup(&shop, &format!("day {day}"), 2_000, 24 * day));
    let many = about(&judge(&shop, "backup-retention").exits(0), "backup-retention", &glob);
    assert_eq!(rank(&many)[0], "warn");
    let steps = carry_out(&many);
    for day in 0..12 {
        assert_eq!(steps[1].contains(&format!("day {day}.dump")), day > 8, "{day} {steps:?}");
    }
    assert!(!steps[1].contains("README"), "{steps:?}");
    (9..12).for_each(|day| std::fs::remove_file(shop.at(&format!("backup/day {day}.dump"))).unwrap());
    assert_eq!(judge(&shop, "backup-retention").exits(0).verdict("backup-retention"), "pass");
}

#[test]
fn a_directory_that_keeps_muster_out_is_no_pass() {
    if rustix::process::geteuid().is_root() {
        // Root is kept out of nothing; a file where a directory should be is the same question.
        let (shop, _) = backups("backup-fresh", "");
        shop.file("backup", "not a directory");
        assert_eq!(judge(&shop, "backup-fresh").exits(3).verdict("backup-fresh"), "unknown");
        return;
    }
    let (shop, _) = backups("backup-fresh", "");
    backup(&shop, "a", 5_000, 1);
    std::fs::set_permissions(shop.at("backup"), std::fs::Permissions::from_mode(0o000)).unwrap();
    let run = judge(&shop, "backup-fresh");
    std::fs::set_permissions(shop.at("backup"), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(run.exits(3).cause("backup-fresh"), "denied");
}

#[test]
fn cases_of_these_areas_pass_from_the_binary() {
    for area in ["host", "backup", "tls", "service", "command"] {
        let shop = shop(area, HOST);
        let run = shop.run(&["test", &format!("builtin:{area}")]).exits(0);
        assert!(run.stdout.contains(" 0 failed") && !run.stdout.contains("without cases"), "{}", run.stdout);
    }
}
