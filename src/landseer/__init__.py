"""landseer: from Earth-observation tiles and labels to maps that can be trusted."""

__version__ = "0.1.0"
