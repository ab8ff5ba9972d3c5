"""Jobs and functions that run, in containers. See the README beside `containers/`."""
