//! How the generated modules declare kinds of reference.

/// Declares a kind: a name that stands for one part of one resource type.
macro_rules! kind {
    ($name:ident = $part:literal) => {
        #[doc = concat!("`", $part, "`.")]
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
        pub struct $name(String);

        impl $crate::cfn::Kind for $name {
            const NAME: &'static str = $part;

            fn literal(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(kind: $name) -> Self {
                kind.0
            }
        }
    };
}

/// Declares a kind of a property that takes these kinds, and references to these resources.
macro_rules! choice {
    ($name:ident = $part:literal,
     [$($service:ident :: $kind:ident),*], [$($of:ident :: $resource:ident),*]) => {
        $crate::cfn::kind::kind!($name = $part);

        $(impl From<$crate::cfn::Value<$crate::cfn::$service::$kind>> for $crate::cfn::Value<$name> {
            fn from(value: $crate::cfn::Value<$crate::cfn::$service::$kind>) -> Self {
                $crate::cfn::Value::<String>::from(value).assume()
            }
        })*

        $(impl From<&$crate::cfn::Handle<$crate::cfn::$of::$resource>> for $crate::cfn::Value<$name> {
            fn from(handle: &$crate::cfn::Handle<$crate::cfn::$of::$resource>) -> Self {
                handle.reference().into()
            }
        })*
    };
}

pub(crate) use {choice, kind};
