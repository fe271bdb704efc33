//! What runs in a page or a worker: drivers and the exported JavaScript API.
