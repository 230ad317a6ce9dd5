"""The template as CloudFormation gets it: what SAM makes of template.yaml, for one stage of samconfig.toml."""

import pathlib
import tomllib

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).parents[2]
# Where `sam deploy` would have put the programs.
BUCKET, KEY = "builds", "bootstrap.zip"


def stages():
    """The parameters of every stage, by its name."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    overrides = {name: stage["deploy"]["parameters"].get("parameter_overrides", [])
                 for name, stage in config.items() if name != "version"}
    return {name: dict(pair.split("=", 1) for pair in pairs) for name, pairs in overrides.items()}


def transformed(parameters):
    """The template with these parameters as its defaults."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    for name, value in parameters.items():
        parameter = template["Parameters"][name]
        parameter["Default"] = int(value) if parameter["Type"] == "Number" else value
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{BUCKET}/{KEY}"
    return Translator(None, Parser()).translate(template, dict(parameters), {})
