//! Pairs that must be equal whatever the engine, and pairs that must differ.

use super::*;

fn bytes(kind: Kind, raw: Raw<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    encode(kind, raw, &mut out);
    out
}

#[track_caller]
fn equal(kind: Kind, all: &[Raw<'_>]) {
    for raw in all {
        assert_eq!(bytes(kind, *raw), bytes(kind, all[0]), "{kind:?}: {raw:?} and {:?}", all[0]);
    }
}

#[track_caller]
fn different(kind: Kind, all: &[Raw<'_>]) {
    for (index, one) in all.iter().enumerate() {
        for other in &all[index + 1..] {
            assert_ne!(bytes(kind, *one), bytes(kind, *other), "{kind:?}: {one:?} and {other:?}");
        }
    }
}

/// 12.50 with a scale of 2, as PostgreSQL sends it.
const NUMERIC: &[u8] = &[0, 2, 0, 0, 0, 0, 0, 2, 0, 12, 0x13, 0x88];
const NOT_A_NUMBER: &[u8] = &[0, 0, 0, 0, 0xC0, 0, 0, 0];
const ENDLESS: &[u8] = &[0, 0, 0, 0, 0xD0, 0, 0, 0];

#[test]
fn numbers_are_equal_as_decimals() {
    use Raw::{Digits, Float, Int, Numeric, Real, Text};
    different(Kind::Number, &[Int(1), Int(10), Int(-1), Int(0), Float(0.1), Float(1.1), Float(1e300)]);
    different(Kind::Number, &[Int(9_007_199_254_740_993), Float(9_007_199_254_740_992.0)]);
    different(Kind::Number, &[Digits(b"0.1000000000000000055511151231257827"), Float(0.1)]);
    different(
        Kind::Number,
        &[Float(f64::NAN), Float(f64::INFINITY), Float(f64::NEG_INFINITY), Int(0), Raw::Null],
    );
    equal(
        Kind::Number,
        &[Int(1), Digits(b"1.00"), Digits(b"+01"), Float(1.0), Text(b"1.0"), Digits(b"10e-1")],
    );
    equal(Kind::Number, &[Numeric(NUMERIC), Digits(b"12.5"), Float(12.5), Real(12.5), Text(b"12.50")]);
    equal(Kind::Number, &[Int(120), Digits(b"120"), Float(1.2e2), Digits(b"1.2E+2")]);
    equal(Kind::Number, &[Int(i128::from(u64::MAX)), Digits(b"18446744073709551615")]);
    equal(Kind::Number, &[Int(1_000_000_000_000), Float(1e12), Digits(b"1e12")]);
    equal(Kind::Number, &[Int(0), Float(-0.0), Float(0.0), Digits(b"-0.00"), Real(-0.0)]);
    equal(Kind::Number, &[Float(f64::NAN), Real(f32::NAN), Numeric(NOT_A_NUMBER), Text(b"NaN")]);
    equal(Kind::Number, &[Float(f64::INFINITY), Numeric(ENDLESS), Text(b"Infinity")]);
    // Both write 0.1, whatever their width.
    equal(Kind::Number, &[Real(0.1), Float(0.1), Digits(b"0.1")]);
}

#[test]
fn floats_of_both_widths_are_equal_where_only_the_narrow_one_was() {
    use Raw::{Digits, Float, Real};
    different(Kind::Number, &[Real(0.1), Float(f64::from(0.1_f32))]);
    different(Kind::Real, &[Real(0.1), Float(0.100_001)]);
    equal(Kind::Real, &[Real(0.1), Float(f64::from(0.1_f32)), Float(0.1), Digits(b"0.1")]);
}

#[test]
fn bools_are_the_ones_of_every_engine() {
    use Raw::{Bool, Int, Null, Text};
    different(Kind::Bool, &[Bool(true), Bool(false), Null, Int(2), Text(b"yes")]);
    equal(Kind::Bool, &[Bool(true), Int(1), Text(b"t"), Text(b"true")]);
    equal(Kind::Bool, &[Bool(false), Int(0), Text(b"f")]);
}

#[test]
fn texts_are_equal_by_their_bytes_only() {
    use Raw::{Bytes, Null, Text};
    // One letter or two code points: nothing is normalised.
    different(Kind::Text, &[Text("é".as_bytes()), Text("e\u{301}".as_bytes()), Text(b"e"), Text(b"E")]);
    different(Kind::Text, &[Text(b""), Null, Text(b" "), Text(b"\0"), Bytes(b"")]);
    different(Kind::Text, &[Text(b"a"), Text(b"a "), Text(b" a"), Bytes(b"a")]);
    different(Kind::Char, &[Text(b"a"), Text(b" a"), Text(b"a\t"), Null]);
    equal(Kind::Char, &[Text(b"a"), Text(b"a   ")]);
    different(Kind::Binary, &[Bytes(b"\0"), Bytes(b""), Bytes(b"0"), Null]);
}

#[test]
fn times_are_microseconds_of_one_line() {
    use Raw::{Clock, Day, Ever, Int, NoDate, Text, Time};
    let at = 1_793_502_000_250_000;
    different(Kind::Time, &[Time(at), Time(at + 1), Time(at + 3_600_000_000), Raw::Null, Int(at.into())]);
    different(
        Kind::Time,
        &[Ever(true), Ever(false), Time(i64::MAX), NoDate(0, 0, 0, 0), NoDate(2026, 0, 0, 0)],
    );
    // Finer than a microsecond is no time that another engine has.
    different(Kind::Time, &[Time(at), Text(b"2026-11-01 03:00:00.2500001")]);
    equal(
        Kind::Time,
        &[
            Time(at),
            Text(b"2026-11-01 03:00:00.25"),
            Text(b"2026-11-01T03:00:00.250Z"),
            Text(b"2026-11-01 08:30:00.25+05:30"),
        ],
    );
    equal(Kind::Unix, &[Int(1_793_502_000), Time(1_793_502_000_000_000)]);
    equal(Kind::UnixMillis, &[Int(1_793_502_000_250), Time(at)]);
    different(Kind::Unix, &[Int(1_793_502_000), Int(1_793_502_001)]);
    equal(Kind::Date, &[Day(20_758), Text(b"2026-11-01"), Time(20_758 * 86_400_000_000)]);
    different(Kind::Date, &[Day(20_758), Day(20_757), Time(at), NoDate(0, 0, 0, 0), Text(b"2026-11-02")]);
    equal(Kind::Clock, &[Clock(3_661_500_000), Text(b"01:01:01.5")]);
    different(Kind::Clock, &[Clock(0), Clock(86_400_000_000), Clock(-1), Raw::Null]);
}

#[test]
fn intervals_keep_their_parts() {
    let span = |months, days, micros| Raw::Span { months, days, micros };
    different(
        Kind::Span,
        &[span(1, 0, 0), span(0, 30, 0), span(0, 1, 0), span(0, 0, 86_400_000_000), Raw::Null],
    );
    equal(Kind::Span, &[span(0, 0, 5), Raw::Clock(5)]);
}

#[test]
fn json_is_equal_by_its_meaning() {
    use Raw::{Json, Null, Text};
    different(Kind::Json, &[Json(b"[]"), Json(b"[[],[]]"), Json(b"{}"), Json(b"null"), Null, Json(b"\"\"")]);
    different(Kind::Json, &[Json(b"1"), Json(b"\"1\""), Json(b"[1]"), Json(b"true"), Text(b"no json")]);
    different(Kind::Json, &[Json(b"9007199254740993"), Json(b"9007199254740992")]);
    different(Kind::Json, &[Json(b"[1,2]"), Json(b"[2,1]")]);
    equal(
        Kind::Json,
        &[
            Json(br#"{"a":1.0,"b":[true,null,"\u00e9"]}"#),
            Text("{ \"b\": [true, null, \"é\"], \"a\": 1 }".as_bytes()),
            Json(r#"{"a":7,"b":[true,null,"é"],"a":10e-1}"#.as_bytes()),
        ],
    );
    let deep = format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000));
    different(Kind::Json, &[Json(deep.as_bytes()), Json(b"[1]")]);
}

#[test]
fn uuids_are_equal_however_they_are_written() {
    use Raw::{Bytes, Null, Text, Uuid};
    let id = *b"\x9f\x86\xd0\x81\x88\x4c\x7d\x65\x9a\x2f\xea\xa0\xc5\x5a\xd0\x15";
    different(Kind::Uuid, &[Uuid(id), Uuid([0; 16]), Null, Text(b"9f86d081"), Text(b"")]);
    equal(
        Kind::Uuid,
        &[
            Uuid(id),
            Bytes(&id),
            Text(b"9f86d081-884c-7d65-9a2f-eaa0c55ad015"),
            Text(b"{9F86D081-884C-7D65-9A2F-EAA0C55AD015}"),
            Text(b"9F86D081884C7D659A2FEAA0C55AD015"),
        ],
    );
    equal(Kind::Text, &[Uuid(id), Text(b"9f86d081-884c-7d65-9a2f-eaa0c55ad015")]);
}

#[test]
fn no_two_rows_share_an_encoding() {
    use Raw::{Null, Text};

    let row = |values: &[Raw<'_>]| {
        let mut out = Vec::new();
        values.iter().for_each(|value| encode(Kind::Text, *value, &mut out));
        out
    };
    let rows: Vec<Vec<u8>> = [
        &[Text(b"ab"), Text(b"c")][..],
        &[Text(b"a"), Text(b"bc")],
        &[Text(b"abc"), Text(b"")],
        &[Text(b"abc"), Null],
        &[Null, Text(b"abc")],
        &[Text(b""), Text(b"abc")],
        &[Text(b"abc")],
        &[Text(b"ab\x03\0\0\0\x01c")],
        &[],
        &[Null],
        &[Null, Null],
    ]
    .iter()
    .map(|values| row(values))
    .collect();
    for (index, one) in rows.iter().enumerate() {
        assert!(rows[index + 1..].iter().all(|other| other != one), "{index}");
    }
}

#[test]
fn keys_sort_as_their_values_do() {
    use Raw::{Bytes, Digits, Float, Int, Null, Numeric, Text, Time};

    let key = |kind, raw| {
        let mut out = Vec::new();
        order(kind, raw, &mut out).unwrap();
        out
    };
    let numbers = [
        Null,
        Float(f64::NEG_INFINITY),
        Digits(b"-1e400"),
        Int(i128::from(i64::MIN)),
        Int(-100),
        Int(-11),
        Int(-10),
        Digits(b"-9.99"),
        Int(-1),
        Digits(b"-0.001"),
        Int(0),
        Digits(b"0.00001"),
        Float(0.5),
        Int(1),
        Int(2),
        Int(10),
        Numeric(NUMERIC),
        Int(13),
        Int(100),
        Int(101),
        Int(i128::from(u64::MAX)),
        Float(1e300),
        Float(f64::INFINITY),
        Float(f64::NAN),
    ];
    for pair in numbers.windows(2) {
        assert!(key(Kind::Number, pair[0]) < key(Kind::Number, pair[1]), "{pair:?}");
    }
    assert_eq!(key(Kind::Number, Int(1200)), key(Kind::Number, Digits(b"1200.0")));
    let texts = [
        Null,
        Text(b""),
        Text(b"\0"),
        Text(b"\0a"),
        Text(b"A"),
        Text(b"a"),
        Text(b"a\x01"),
        Text(b"ab"),
        Text("ä".as_bytes()),
    ];
    for pair in texts.windows(2) {
        assert!(key(Kind::Text, pair[0]) < key(Kind::Text, pair[1]), "{pair:?}");
    }
    // Of two columns the first one decides, however long it is.
    let both = |first, second| [key(Kind::Binary, Bytes(first)), key(Kind::Number, Int(second))].concat();
    assert!(both(b"a", 9) < both(b"a\0", 1));
    assert!(both(b"a", 1) < both(b"a", 2));
    assert!(key(Kind::Time, Time(-1)) < key(Kind::Time, Time(1)));
    let mut out = Vec::new();
    assert_eq!(order(Kind::Number, Text(b"x"), &mut out), None);
    assert_eq!(order(Kind::Json, Text(b"1"), &mut out), None);
}

#[test]
fn what_has_no_common_form_is_told() {
    let opaque = |ty: &str| Natural::Opaque(ty.to_owned());
    assert_eq!(unify(&opaque("inet"), &opaque("inet")), Ok(Kind::Text));
    for (source, target) in [
        (opaque("inet"), opaque("cidr")),
        (opaque("inet"), Natural::Of(Kind::Text)),
        (Natural::Of(Kind::Number), Natural::Of(Kind::Text)),
        (Natural::Of(Kind::Time), Natural::Of(Kind::Number)),
        (Natural::Of(Kind::Binary), Natural::Of(Kind::Text)),
        (Natural::Unknown("geometry".to_owned()), Natural::Unknown("geometry".to_owned())),
    ] {
        assert!(unify(&source, &target).is_err(), "{source:?} {target:?}");
    }
}
