//! Measuring, guessing, controlling.
