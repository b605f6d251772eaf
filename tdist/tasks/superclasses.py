"""The twenty super-classes of CIFAR-100: tasks of five classes each, 2,500 training images."""

SUPERCLASSES = {
    "aquatic mammals": ("beaver", "dolphin", "otter", "seal", "whale"),
    "fish": ("aquarium_fish", "flatfish", "ray", "shark", "trout"),
    "flowers": ("orchid", "poppy", "rose", "sunflower", "tulip"),
    "food containers": ("bottle", "bowl", "can", "cup", "plate"),
    "fruit and vegetables": ("apple", "mushroom", "orange", "pear", "sweet_pepper"),
    "electrical devices": ("clock", "keyboard", "lamp", "telephone", "television"),
    "furniture": ("bed", "chair", "couch", "table", "wardrobe"),
    "insects": ("bee", "beetle", "butterfly", "caterpillar", "cockroach"),
    "carnivores": ("bear", "leopard", "lion", "tiger", "wolf"),
    "man-made outdoor things": ("bridge", "castle", "house", "road", "skyscraper"),
    "natural outdoor scenes": ("cloud", "forest", "mountain", "plain", "sea"),
    "herbivores": ("camel", "cattle", "chimpanzee", "elephant", "kangaroo"),
    "medium mammals": ("fox", "porcupine", "possum", "raccoon", "skunk"),
    "invertebrates": ("crab", "lobster", "snail", "spider", "worm"),
    "people": ("baby", "boy", "girl", "man", "woman"),
    "reptiles": ("crocodile", "dinosaur", "lizard", "snake", "turtle"),
    "small mammals": ("hamster", "mouse", "rabbit", "shrew", "squirrel"),
    "trees": ("maple_tree", "oak_tree", "palm_tree", "pine_tree", "willow_tree"),
    "vehicles-1": ("bicycle", "bus", "motorcycle", "pickup_truck", "train"),
    "vehicles-2": ("lawn_mower", "rocket", "streetcar", "tank", "tractor"),
}  # in the order of the data set's own numbers, 0 to 19
