"""The boundary studio: plans drawn, weighed, proven, approved; on the top floor, as it shows incidents too."""
