//! Configs, runs and the command line.
