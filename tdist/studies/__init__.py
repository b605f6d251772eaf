"""The papers' experiments: one file each, the same functions at live and at paper scale."""
