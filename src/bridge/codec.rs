//! One walker reads every record of the vocabulary and one writes it; a macro gives each record its table.
//!
//! Reading and writing are separate traits, so that a page carries no writer for what it only reads.

use super::json::{Json, Writer};
use crate::common::secret::Secret;

/// Why a payload could not be read. Never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// The text is not JSON, or too deep.
    NotJson,
    /// A field that must be there is missing.
    Missing(&'static str),
    /// A field, or an item of it, has the wrong type or does not fit.
    WrongType(&'static str),
}

/// Which field of a record, and whether it must be there.
#[derive(Clone, Copy, Debug)]
pub struct FieldName {
    /// The name on the wire.
    pub name: &'static str,
    /// Whether reading fails without it.
    pub required: bool,
}

/// Type of a field, for the manual, the schema and the TypeScript types.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Shape {
    /// A string.
    Text,
    /// A string that no trace shows.
    Secret,
    /// A whole number from 0.
    Integer,
    /// A truth value.
    Boolean,
    /// One of these names.
    Names(&'static NamesDescription),
    /// An object of this description.
    Record(&'static RecordDescription),
    /// An array of such.
    List(&'static Shape),
    /// Any JSON value.
    Any,
}

/// One field as the manual shows it.
#[derive(Clone, Copy, Debug)]
pub struct FieldDescription {
    /// The name on the wire.
    pub name: &'static str,
    /// Its type.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it means.
    pub doc: &'static str,
}

/// One record as the manual shows it.
#[derive(Clone, Copy, Debug)]
pub struct RecordDescription {
    /// Its name in this source.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Its fields.
    pub fields: &'static [FieldDescription],
}

/// One list of names as the manual shows it.
#[derive(Clone, Copy, Debug)]
pub struct NamesDescription {
    /// Its name in this source.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// The names on the wire.
    pub names: &'static [&'static str],
    /// What each means.
    pub docs: &'static [&'static str],
}

/// What can be the type of a field.
pub trait Field {
    /// Whether a record without it is refused.
    const REQUIRED: bool = true;
    /// How the manual shows it.
    const SHAPE: Shape;
}

/// What can be read from a field.
pub trait ReadField {
    /// Takes the value; `false` if it is of the wrong type. `null` never comes here.
    fn read(&mut self, json: Json<'_>) -> bool;
}

/// What can be written to a field.
pub trait WriteField {
    /// Appends the value.
    fn write(&self, out: &mut Writer);
    /// Whether the field is left out.
    fn absent(&self) -> bool {
        false
    }
}

/// A record that can be read.
pub trait ReadRecord {
    /// The table of its fields.
    fn names(&self) -> &'static [FieldName];
    /// The field with this index in the table.
    fn slot(&mut self, index: usize) -> Option<&mut dyn ReadField>;
}

/// A record that can be written.
pub trait WriteRecord {
    /// The table of its fields.
    fn names(&self) -> &'static [FieldName];
    /// The field with this index in the table.
    fn slot(&self, index: usize) -> Option<&dyn WriteField>;
}

/// Reads the fields that `record` knows, ignores the others.
///
/// # Errors
/// Not an object, a field missing, a field of the wrong type.
pub fn read_record(record: &mut dyn ReadRecord, json: Json<'_>) -> Result<(), CodecError> {
    if !json.is_object() {
        return Err(CodecError::WrongType(""));
    }
    let names = record.names();
    let mut seen: u64 = 0;
    for (key, value) in json.members() {
        let Some(index) = names.iter().position(|field| field.name == key) else { continue };
        if value.is_null() {
            continue;
        }
        let Some(slot) = record.slot(index) else { continue };
        if !slot.read(value) {
            return Err(CodecError::WrongType(names.get(index).map_or("", |field| field.name)));
        }
        seen |= 1 << index;
    }
    for (index, field) in names.iter().enumerate() {
        if field.required && seen & (1 << index) == 0 {
            return Err(CodecError::Missing(field.name));
        }
    }
    Ok(())
}

/// Writes `record` as an object.
pub fn write_record(record: &dyn WriteRecord, out: &mut Writer) {
    out.open('{');
    for (index, field) in record.names().iter().enumerate() {
        if let Some(slot) = record.slot(index)
            && !slot.absent()
        {
            out.key(field.name);
            slot.write(out);
        }
    }
    out.close('}');
}

/// A name out of a closed list.
pub trait Named: Copy + Default + PartialEq + 'static {
    /// Every value but the one that stands for names of the future.
    const ALL: &'static [Self];
    /// Their names, in the same order.
    const NAMES: &'static [&'static str];
}

/// The value with this name, or the one for unknown names.
pub fn from_name<T: Named>(name: &str) -> T {
    T::NAMES.iter().position(|n| *n == name).and_then(|index| T::ALL.get(index)).copied().unwrap_or_default()
}

/// The name of a value; `unknown` for the one for unknown names.
pub fn name_of<T: Named>(value: T) -> &'static str {
    T::ALL.iter().position(|v| *v == value).and_then(|index| T::NAMES.get(index)).copied().unwrap_or("unknown")
}

/// JSON that is passed on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawJson(pub String);

impl Default for RawJson {
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

/// The same where it may hold what is not to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretJson(pub Secret);

macro_rules! plain {
    ($type:ty, $shape:expr, |$json:ident| $read:expr, |$value:ident, $out:ident| $write:expr) => {
        impl Field for $type {
            const SHAPE: Shape = $shape;
        }
        impl ReadField for $type {
            fn read(&mut self, $json: Json<'_>) -> bool {
                match $read {
                    Some(value) => {
                        *self = value;
                        true
                    }
                    None => false,
                }
            }
        }
        impl WriteField for $type {
            fn write(&self, $out: &mut Writer) {
                let $value = self;
                $write;
            }
        }
    };
}

plain!(String, Shape::Text, |json| json.text().map(std::borrow::Cow::into_owned), |v, out| out.text(v));
plain!(Secret, Shape::Secret, |json| json.text().map(Secret::new), |v, out| out.text(v.expose()));
plain!(u64, Shape::Integer, |json| json.integer(), |v, out| out.integer(*v));
plain!(bool, Shape::Boolean, |json| json.boolean(), |v, out| out.boolean(*v));
plain!(SecretJson, Shape::Any, |json| Some(Self(Secret::new(json.raw()))), |v, out| out.raw(v.0.expose()));
plain!(RawJson, Shape::Any, |json| Some(Self(json.raw().to_owned())), |v, out| out.raw(&v.0));

impl<T: Field> Field for Option<T> {
    const REQUIRED: bool = false;
    const SHAPE: Shape = T::SHAPE;
}

impl<T: ReadField + Default> ReadField for Option<T> {
    fn read(&mut self, json: Json<'_>) -> bool {
        self.insert(T::default()).read(json)
    }
}

impl<T: WriteField> WriteField for Option<T> {
    fn write(&self, out: &mut Writer) {
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Field> Field for Vec<T> {
    const REQUIRED: bool = false;
    const SHAPE: Shape = Shape::List(&T::SHAPE);
}

impl<T: ReadField + Default> ReadField for Vec<T> {
    fn read(&mut self, json: Json<'_>) -> bool {
        self.clear();
        json.is_array()
            && json.items().all(|item| {
                let mut value = T::default();
                let good = value.read(item);
                self.push(value);
                good
            })
    }
}

impl<T: WriteField> WriteField for Vec<T> {
    fn write(&self, out: &mut Writer) {
        out.open('[');
        for item in self {
            item.write(out);
        }
        out.close(']');
    }
}

/// Declares an enum of names.
macro_rules! names {
    ($(#[doc = $doc:literal])* $type:ident { $($(#[doc = $vdoc:literal])* $variant:ident = $name:literal),+ $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $type {
            /// A name that this version does not know.
            #[default]
            Unknown,
            $($(#[doc = $vdoc])* $variant),+
        }
        impl $type {
            /// The name on the wire.
            #[must_use]
            pub fn name(self) -> &'static str {
                $crate::bridge::codec::name_of(self)
            }
            /// The value with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Self {
                $crate::bridge::codec::from_name(name)
            }
        }
        impl $crate::bridge::codec::Named for $type {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            const NAMES: &'static [&'static str] = &[$($name),+];
        }
        impl $crate::bridge::codec::Field for $type {
            const SHAPE: $crate::bridge::codec::Shape =
                $crate::bridge::codec::Shape::Names(&$crate::bridge::codec::NamesDescription {
                    name: stringify!($type),
                    doc: concat!($($doc),*),
                    names: <Self as $crate::bridge::codec::Named>::NAMES,
                    docs: &[$(concat!($($vdoc),*)),+],
                });
        }
        impl $crate::bridge::codec::ReadField for $type {
            fn read(&mut self, json: $crate::bridge::json::Json<'_>) -> bool {
                json.text().is_some_and(|name| {
                    *self = Self::from_name(&name);
                    true
                })
            }
        }
        impl $crate::bridge::codec::WriteField for $type {
            fn write(&self, out: &mut $crate::bridge::json::Writer) {
                out.text(self.name());
            }
        }
    };
}
pub(super) use names;

/// Declares a record: a struct, its table of fields, and what the walkers need.
macro_rules! record {
    ($(#[doc = $doc:literal])* $type:ident { $($(#[doc = $fdoc:literal])* $field:ident $name:literal : $kind:ty),* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $type {
            $($(#[doc = $fdoc])* pub $field: $kind),*
        }
        impl $type {
            const NAMES: &'static [$crate::bridge::codec::FieldName] = &[$($crate::bridge::codec::FieldName {
                name: $name,
                required: <$kind as $crate::bridge::codec::Field>::REQUIRED,
            }),*];
            /// The record as the manual shows it.
            pub const DESCRIPTION: &'static $crate::bridge::codec::RecordDescription =
                &$crate::bridge::codec::RecordDescription {
                    name: stringify!($type),
                    doc: concat!($($doc),*),
                    fields: &[$($crate::bridge::codec::FieldDescription {
                        name: $name,
                        shape: <$kind as $crate::bridge::codec::Field>::SHAPE,
                        required: <$kind as $crate::bridge::codec::Field>::REQUIRED,
                        doc: concat!($($fdoc),*),
                    }),*],
                };
        }
        impl $crate::bridge::codec::Field for $type {
            const SHAPE: $crate::bridge::codec::Shape = $crate::bridge::codec::Shape::Record(Self::DESCRIPTION);
        }
        #[allow(unused_assignments, unused_mut, unused_variables)]
        impl $crate::bridge::codec::ReadRecord for $type {
            fn names(&self) -> &'static [$crate::bridge::codec::FieldName] {
                Self::NAMES
            }
            fn slot(&mut self, index: usize) -> Option<&mut dyn $crate::bridge::codec::ReadField> {
                let mut at = 0;
                $(if index == at {
                    return Some(&mut self.$field);
                }
                at += 1;)*
                None
            }
        }
        #[allow(unused_assignments, unused_mut, unused_variables)]
        impl $crate::bridge::codec::WriteRecord for $type {
            fn names(&self) -> &'static [$crate::bridge::codec::FieldName] {
                Self::NAMES
            }
            fn slot(&self, index: usize) -> Option<&dyn $crate::bridge::codec::WriteField> {
                let mut at = 0;
                $(if index == at {
                    return Some(&self.$field);
                }
                at += 1;)*
                None
            }
        }
        impl $crate::bridge::codec::ReadField for $type {
            fn read(&mut self, json: $crate::bridge::json::Json<'_>) -> bool {
                $crate::bridge::codec::read_record(self, json).is_ok()
            }
        }
        impl $crate::bridge::codec::WriteField for $type {
            fn write(&self, out: &mut $crate::bridge::json::Writer) {
                $crate::bridge::codec::write_record(self, out);
            }
        }
    };
}
pub(super) use record;

/// Declares a message's payload: a record with a type and a kind.
macro_rules! message {
    ($(#[doc = $doc:literal])* $type:ident, $kind:ident $wire:literal { $($fields:tt)* }) => {
        $crate::bridge::codec::record! { $(#[doc = $doc])* $type { $($fields)* } }
        impl $crate::bridge::Payload for $type {
            const TYPE: &'static str = $wire;
            const KIND: $crate::bridge::Kind = $crate::bridge::Kind::$kind;
        }
    };
}
pub(super) use message;

#[cfg(test)]
mod tests {
    use super::*;

    names! {
        /// Colours.
        Colour { Red = "red", Blue = "blue" }
    }
    record! {
        /// Inner.
        Inner {
            /// A number.
            n "n": u64,
        }
    }
    record! {
        /// Outer.
        Outer {
            /// Text.
            text "text": String,
            /// Perhaps.
            maybe "maybe": Option<String>,
            /// Colour.
            colour "colour": Colour,
            /// Nested.
            inner "inner": Option<Inner>,
            /// Several.
            list "list": Vec<Inner>,
            /// Any.
            any "any": Option<RawJson>,
        }
    }

    fn read(text: &str) -> Result<Outer, CodecError> {
        let mut outer = Outer::default();
        read_record(&mut outer, Json::parse(text).unwrap())?;
        Ok(outer)
    }

    #[test]
    fn a_record_is_read_by_name_and_unknown_fields_are_ignored() {
        let outer = read(
            r#"{"list":[{"n":1},{"n":2,"x":[]}],"colour":"blue","new":{"a":1},"text":"t","inner":{"n":7},"any":[1, 2]}"#,
        )
        .unwrap();
        assert_eq!(outer.list, [Inner { n: 1 }, Inner { n: 2 }]);
        assert_eq!((outer.colour, outer.text.as_str(), outer.maybe), (Colour::Blue, "t", None));
        assert_eq!((outer.inner, outer.any), (Some(Inner { n: 7 }), Some(RawJson("[1, 2]".to_owned()))));
    }

    #[test]
    fn null_is_the_same_as_absent() {
        assert_eq!(read(r#"{"text":"t","colour":"red","maybe":null}"#).unwrap().maybe, None);
        assert_eq!(read(r#"{"text":null,"colour":"red"}"#), Err(CodecError::Missing("text")));
    }

    #[test]
    fn an_unknown_name_reads_as_unknown() {
        assert_eq!(read(r#"{"text":"t","colour":"green"}"#).unwrap().colour, Colour::Unknown);
        assert_eq!(Colour::Unknown.name(), "unknown");
    }

    #[test]
    fn missing_and_wrongly_typed_fields_are_told_apart() {
        assert_eq!(read("{}"), Err(CodecError::Missing("text")));
        assert_eq!(read(r#"{"text":1,"colour":"red"}"#), Err(CodecError::WrongType("text")));
        assert_eq!(read(r#"{"text":"t","colour":7}"#), Err(CodecError::WrongType("colour")));
        assert_eq!(read(r#"{"text":"t","colour":"red","list":[{"n":1},{}]}"#), Err(CodecError::WrongType("list")));
        assert_eq!(read(r#"{"text":"t","colour":"red","inner":{"n":-1}}"#), Err(CodecError::WrongType("inner")));
        assert_eq!(read("[]"), Err(CodecError::WrongType("")));
    }

    #[test]
    fn what_is_written_leaves_out_what_is_absent() {
        let outer = Outer { text: "t".to_owned(), colour: Colour::Red, list: vec![Inner { n: 3 }], ..Outer::default() };
        let mut out = Writer::new();
        write_record(&outer, &mut out);
        let text = out.finish();
        assert_eq!(text, r#"{"text":"t","colour":"red","list":[{"n":3}]}"#);
        assert_eq!(read(&text).unwrap(), outer);
    }

    #[test]
    fn the_description_names_each_field_once() {
        let RecordDescription { name, doc, fields } = Outer::DESCRIPTION;
        assert_eq!((*name, *doc, fields.len()), ("Outer", " Outer.", 6));
        assert_eq!((fields[0].doc, fields[1].required), (" Text.", false));
    }
}
