//! How people choose, drift, tire, leave and return.
