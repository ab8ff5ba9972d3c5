//! Infrastructure that is wired wrongly does not compile, and what the compiler says of it helps.
//!
//! This stands here and not beside the generated types, since it is built with all that its crate
//! knows, and `stack` knows the AWS SDK.

#[test]
fn wrong_wiring_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/wiring/*.rs");
}
