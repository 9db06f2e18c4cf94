//! Units of measure: exact or conventional factors of the International System (BIPM SI brochure,
//! NIST SP 811 appendix B).

use super::{RowFn, arg};
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    macro_rules! by {
        ($factor:expr) => {
            |_, a| linear(a, $factor)
        };
    }
    Some(match name {
        "convert_angle" => by!(angle),
        "convert_energy" => by!(energy),
        "convert_force" => by!(|u| find(FORCE, u)),
        "convert_length" => by!(|u| find(LENGTH, u)),
        "convert_mass" => by!(|u| find(MASS, u)),
        "convert_speed" => by!(speed),
        "convert_temperature" => |_, a| {
            let (from, to) = (temperature(arg(a, 1).text()), temperature(arg(a, 2).text()));
            match (arg(a, 0).real(), from, to) {
                (Some(n), Some((scale, zero)), Some((other, other_zero))) => {
                    V::Real((zero + n * scale - other_zero) / other)
                }
                _ => V::Null,
            }
        },
        "convert_volume" => by!(|u| find(VOLUME, u)),
        _ => return None,
    })
}

/// An unknown unit gives null.
fn linear(a: &[V<'_>], factor: fn(&str) -> Option<f64>) -> V<'static> {
    match (arg(a, 0).real(), factor(arg(a, 1).text()), factor(arg(a, 2).text())) {
        (Some(n), Some(from), Some(to)) => V::Real(n * from / to),
        _ => V::Null,
    }
}

type Units = &'static [(&'static str, f64)];

fn find(units: Units, name: &str) -> Option<f64> {
    units.iter().find(|(unit, _)| *unit == name).map(|(_, factor)| *factor)
}

/// A prefix and a unit that takes prefixes.
fn prefixed(name: &str, units: Units) -> Option<f64> {
    const PREFIXES: Units = &[
        ("Tera", 1e12),
        ("Giga", 1e9),
        ("Mega", 1e6),
        ("Kilo", 1e3),
        ("Hecto", 1e2),
        ("Deca", 1e1),
        ("Deci", 1e-1),
        ("Centi", 1e-2),
        ("Milli", 1e-3),
        ("Micro", 1e-6),
        ("Nano", 1e-9),
    ];
    PREFIXES.iter().find_map(|(prefix, scale)| {
        let rest = name.strip_prefix(prefix)?;
        units.iter().find(|(unit, _)| unit.eq_ignore_ascii_case(rest)).map(|(_, factor)| scale * factor)
    })
}

/// Radians.
fn angle(name: &str) -> Option<f64> {
    use std::f64::consts::PI;
    const PREFIXED: Units = &[("Radian", 1.0), ("Degree", PI / 180.0)];
    const PLAIN: Units = &[
        ("Radian", 1.0),
        ("Degree", PI / 180.0),
        ("Arcminute", PI / 10_800.0),
        ("Arcsecond", PI / 648_000.0),
        ("Gradian", PI / 200.0),
        ("NatoMil", PI / 3200.0),
        ("Revolution", 2.0 * PI),
    ];
    find(PLAIN, name).or_else(|| prefixed(name, PREFIXED))
}

/// Joules.
fn energy(name: &str) -> Option<f64> {
    const PREFIXED: Units = &[
        ("Joule", 1.0),
        ("Calorie", 4.184),
        ("ElectronVolt", 1.602_176_634e-19),
        ("BritishThermalUnit", 1_055.055_852_62),
        ("WattHour", 3600.0),
        ("WattDay", 86_400.0),
    ];
    const PLAIN: Units = &[
        ("Erg", 1e-7),
        ("FootPound", 1.355_817_948_331_400_4),
        ("HorsepowerHour", 2_684_519.537_696_173),
        ("ThermEc", 1.055_055_852_62e8),
        ("ThermImperial", 1.055_055_852_573_48e8),
        ("ThermUs", 1.054_804e8),
        ("DecathermEc", 1.055_055_852_62e9),
        ("DecathermImperial", 1.055_055_852_573_48e9),
        ("DecathermUs", 1.054_804e9),
    ];
    find(PLAIN, name).or_else(|| find(PREFIXED, name)).or_else(|| prefixed(name, PREFIXED))
}

/// Newtons.
const FORCE: Units = &[
    ("Newton", 1.0),
    ("Decanewton", 10.0),
    ("Kilonewton", 1e3),
    ("Meganewton", 1e6),
    ("Millinewton", 1e-3),
    ("Micronewton", 1e-6),
    ("Dyn", 1e-5),
    ("KilogramForce", 9.806_65),
    ("KiloPond", 9.806_65),
    ("TonneForce", 9806.65),
    ("OunceForce", 0.278_013_850_953_781_2),
    ("PoundForce", 4.448_221_615_260_5),
    ("KilopoundForce", 4_448.221_615_260_5),
    ("Poundal", 0.138_254_954_376),
    ("ShortTonForce", 8_896.443_230_521),
];

/// Metres.
const LENGTH: Units = &[
    ("Meter", 1.0),
    ("Decameter", 10.0),
    ("Hectometer", 100.0),
    ("Kilometer", 1000.0),
    ("Decimeter", 0.1),
    ("Centimeter", 0.01),
    ("Millimeter", 1e-3),
    ("Micrometer", 1e-6),
    ("Nanometer", 1e-9),
    ("Angstrom", 1e-10),
    ("Inch", 0.0254),
    ("Microinch", 2.54e-8),
    ("Mil", 2.54e-5),
    ("Hand", 0.1016),
    ("Foot", 0.3048),
    ("UsSurveyFoot", 1200.0 / 3937.0),
    ("Yard", 0.9144),
    ("Fathom", 1.8288),
    ("Shackle", 27.432),
    ("Chain", 20.1168),
    ("Mile", 1609.344),
    ("DataMile", 1828.8),
    ("NauticalMile", 1852.0),
    ("DtpPoint", 0.0254 / 72.0),
    ("DtpPica", 0.0254 / 6.0),
    ("PrinterPoint", 0.0254 / 72.27),
    ("PrinterPica", 0.0254 / 72.27 * 12.0),
    ("Twip", 0.0254 / 1440.0),
    ("AstronomicalUnit", 1.495_978_707e11),
    ("LightYear", 9.460_730_472_580_8e15),
    ("KilolightYear", 9.460_730_472_580_8e18),
    ("MegalightYear", 9.460_730_472_580_8e21),
    ("Parsec", 3.085_677_581_491_367e16),
    ("Kiloparsec", 3.085_677_581_491_367e19),
    ("Megaparsec", 3.085_677_581_491_367e22),
    ("SolarRadius", 6.957e8),
];

/// Kilograms.
const MASS: Units = &[
    ("Kilogram", 1.0),
    ("Hectogram", 0.1),
    ("Decagram", 0.01),
    ("Gram", 1e-3),
    ("Decigram", 1e-4),
    ("Centigram", 1e-5),
    ("Milligram", 1e-6),
    ("Microgram", 1e-9),
    ("Nanogram", 1e-12),
    ("Tonne", 1e3),
    ("Kilotonne", 1e6),
    ("Megatonne", 1e9),
    ("Grain", 6.479_891e-5),
    ("Ounce", 0.028_349_523_125),
    ("Pound", 0.453_592_37),
    ("Kilopound", 453.592_37),
    ("Megapound", 453_592.37),
    ("Stone", 6.350_293_18),
    ("Slug", 14.593_902_937_206_364),
    ("ShortHundredweight", 45.359_237),
    ("LongHundredweight", 50.802_345_44),
    ("ShortTon", 907.184_74),
    ("LongTon", 1_016.046_908_8),
    ("EarthMass", 5.9722e24),
    ("SolarMass", 1.988_41e30),
];

/// Metres per second: `Knot`, or a length per `Second`, `Minute` or `Hour`.
fn speed(name: &str) -> Option<f64> {
    if name == "Knot" {
        return Some(1852.0 / 3600.0);
    }
    let (length, time) = name.split_once("Per")?;
    let seconds = match time {
        "Second" => 1.0,
        "Minute" => 60.0,
        "Hour" => 3600.0,
        _ => return None,
    };
    find(LENGTH, length).map(|metres| metres / seconds)
}

/// How many kelvins a degree is, and the zero of the scale in kelvins.
fn temperature(name: &str) -> Option<(f64, f64)> {
    Some(match name {
        "Kelvin" => (1.0, 0.0),
        "DegreeCelsius" => (1.0, 273.15),
        "MillidegreeCelsius" => (1e-3, 273.15),
        "DegreeFahrenheit" => (5.0 / 9.0, 459.67 * 5.0 / 9.0),
        "DegreeRankine" => (5.0 / 9.0, 0.0),
        "DegreeDelisle" => (-2.0 / 3.0, 373.15),
        "DegreeNewton" => (100.0 / 33.0, 273.15),
        "DegreeReaumur" => (1.25, 273.15),
        "DegreeRoemer" => (40.0 / 21.0, 273.15 - 7.5 * 40.0 / 21.0),
        "SolarTemperature" => (5778.0, 0.0),
        _ => return None,
    })
}

/// Cubic metres.
const VOLUME: Units = &[
    ("CubicMeter", 1.0),
    ("HectocubicMeter", 1e2),
    ("KilocubicMeter", 1e3),
    ("CubicDecimeter", 1e-3),
    ("CubicCentimeter", 1e-6),
    ("CubicMillimeter", 1e-9),
    ("CubicMicrometer", 1e-18),
    ("CubicHectometer", 1e6),
    ("CubicKilometer", 1e9),
    ("Liter", 1e-3),
    ("Deciliter", 1e-4),
    ("Centiliter", 1e-5),
    ("Milliliter", 1e-6),
    ("Microliter", 1e-9),
    ("Hectoliter", 0.1),
    ("Kiloliter", 1.0),
    ("Megaliter", 1e3),
    ("CubicInch", 1.638_706_4e-5),
    ("CubicFoot", 0.028_316_846_592),
    ("HectocubicFoot", 2.831_684_659_2),
    ("KilocubicFoot", 28.316_846_592),
    ("MegacubicFoot", 28_316.846_592),
    ("CubicYard", 0.764_554_857_984),
    ("CubicMile", 4_168_181_825.440_579_6),
    ("AcreFoot", 1_233.481_837_547_52),
    ("BoardFoot", 0.002_359_737_216),
    ("ImperialGallon", 0.004_546_09),
    ("KiloimperialGallon", 4.546_09),
    ("MegaimperialGallon", 4546.09),
    ("ImperialPint", 0.000_568_261_25),
    ("ImperialOunce", 2.841_306_25e-5),
    ("ImperialBeerBarrel", 0.163_659_24),
    ("UsGallon", 0.003_785_411_784),
    ("KilousGallon", 3.785_411_784),
    ("MegausGallon", 3_785.411_784),
    ("UsQuart", 0.000_946_352_946),
    ("UsPint", 0.000_473_176_473),
    ("UsOunce", 2.957_352_956_25e-5),
    ("UsCustomaryCup", 0.000_236_588_236_5),
    ("UsLegalCup", 0.000_24),
    ("UsTablespoon", 1.478_676_478_125e-5),
    ("UsTeaspoon", 4.928_921_593_75e-6),
    ("UsBeerBarrel", 0.117_347_765_304),
    ("OilBarrel", 0.158_987_294_928),
    ("MetricCup", 0.000_25),
    ("MetricTeaspoon", 5e-6),
    ("AuTablespoon", 2e-5),
    ("UkTablespoon", 1.5e-5),
];
